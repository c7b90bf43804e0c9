"""Importing a roll: what each mistake brings back, and that it is all or nothing."""

from pathlib import Path

import pytest

from isoloir.config.reading import read_election
from isoloir.errors import IsoloirError
from isoloir.hooks import RollCheck, RollWarning
from isoloir.roll import count, entries
from isoloir.roll_import import Imported, import_roll, read_roll

EXAMPLE = Path(__file__).parents[3] / "examples" / "medecins-2024"
HEAD = "civilite;nom;prenom;courriel;mobile;rpps;numero_ordre;type_numero;college;scrutins"
GOOD = "Dr;Martin;Alix;alix@chu.example;06 12 34 56 78;99700000017;75/1;ordre;ph;cspm"


def with_cell(place, value):
    cells = GOOD.split(";")
    cells[place] = value
    return f"{HEAD}\n{GOOD}\n".replace(GOOD, ";".join(cells))


BAD = [
    ("", 0, "", "roll_file_empty"),
    ("\n \n", 0, "", "roll_file_empty"),
    (HEAD, 0, "", "roll_file_empty"),
    (f"{HEAD}\n{GOOD}".encode("utf-32"), 0, "", "roll_encoding_unknown"),
    (
        f"{HEAD}\n{GOOD}\n{GOOD}".replace("Alix", "Aliénor").encode().replace(b"\xc3\xa9", b"\xe9", 1),
        2,
        "first_name",
        "roll_encoding",
    ),
    (f"{HEAD}\n{GOOD}".encode("cp1252").replace(b"Alix", b"Al\x81x"), 2, "first_name", "roll_encoding"),
    (with_cell(2, "Ali\ufffdnor"), 2, "first_name", "roll_sign_lost"),
    (with_cell(1, "Mar\x00tin"), 2, "last_name", "roll_control_character"),
    (f"{HEAD}\n{GOOD}\n{GOOD}".replace("Alix", "Al\x1bx"), 3, "first_name", "roll_control_character"),
    (f"{HEAD}\n" + "x" * 50_000 + f"\n{GOOD}", 2, "", "roll_line_long"),
    (f'{HEAD}\nDr;"Martin', 2, "", "roll_quotes"),
    (f"{HEAD}\n{GOOD.replace('Martin', chr(34) + 'Mar' + chr(34) + 'tin')}", 2, "", "roll_quotes"),
    (f"{HEAD};couleur\n{GOOD};bleu", 1, "K", "roll_column_unknown"),
    (GOOD, 1, "", "roll_header_missing"),
    (f"{HEAD};mobile\n{GOOD};", 1, "mobile", "roll_column_twice"),
    (f"{HEAD}\n{GOOD}".replace("rpps", "rps"), 1, "rpps", "roll_column_missing"),
    (f"{HEAD}\n{GOOD}".replace(";college", ";groupe"), 1, "college", "roll_column_missing"),
    (f"{HEAD}\n{GOOD};de trop", 2, "", "roll_cells"),
    (f"{HEAD}\nDr;Martin", 2, "", "roll_cells"),
    (with_cell(1, ""), 2, "last_name", "roll_value_missing"),
    (with_cell(2, " "), 2, "first_name", "roll_value_missing"),
    (with_cell(1, "M" * 201), 2, "last_name", "roll_value_long"),
    (with_cell(3, "alix"), 2, "email", "roll_email_malformed"),
    (with_cell(3, "alix@chu"), 2, "email", "roll_email_malformed"),
    (with_cell(3, "a@b@chu.example"), 2, "email", "roll_email_malformed"),
    (with_cell(4, "12"), 2, "mobile", "roll_mobile_malformed"),
    (with_cell(4, "o6 12 34 56 78"), 2, "mobile", "roll_mobile_malformed"),
    (with_cell(4, "01 42 34 56 78"), 2, "mobile", "roll_mobile_not_mobile"),
    (with_cell(5, ""), 2, "rpps", "roll_value_missing"),
    (with_cell(5, "9970000OO17"), 2, "rpps", "roll_key_malformed"),
    (with_cell(5, "9,97E+10"), 2, "rpps", "roll_scientific"),
    (with_cell(5, "9.97E+10"), 2, "rpps", "roll_scientific"),
    (with_cell(5, "99700000017,0"), 2, "rpps", "roll_decimal"),
    (with_cell(4, "6,12E+08"), 2, "mobile", "roll_scientific"),
    (with_cell(4, "612345678,0"), 2, "mobile", "roll_decimal"),
    (with_cell(6, "janv-75"), 2, "ordinal_number", "roll_date"),
    (with_cell(6, "1-Feb"), 2, "ordinal_number", "roll_date"),
    (with_cell(6, "#N/A"), 2, "ordinal_number", "roll_formula_error"),
    (with_cell(8, "#NOM?"), 2, "college", "roll_formula_error"),
    (with_cell(5, "########"), 2, "rpps", "roll_formula_error"),
    (with_cell(1, "=A2&B2"), 2, "last_name", "roll_formula"),
    (with_cell(0, "T" * 201), 2, "civility", "roll_value_long"),
    (f"{HEAD};identifiant\n{GOOD};ABC", 2, "identifier", "roll_identifier_malformed"),
    (f"{HEAD};identifiant\n{GOOD};ABCDEFG0", 2, "identifier", "roll_identifier_malformed"),
    (with_cell(5, "９９７０００００１７"), 2, "rpps", "roll_key_malformed"),
    (with_cell(6, ""), 2, "ordinal_number", "roll_value_missing"),
    (with_cell(6, "7" * 65), 2, "ordinal_number", "roll_value_long"),
    (with_cell(7, "passeport"), 2, "ordinal_number_kind", "roll_kind_unknown"),
    (with_cell(8, ""), 2, "college", "roll_value_missing"),
    (with_cell(8, "PH"), 2, "college", "roll_college_not_declared"),
    (with_cell(9, "rien"), 2, "contests", "roll_contest_not_declared"),
    (with_cell(9, "hu"), 2, "contests", "roll_contest_of_another_college"),
    (with_cell(9, "cspm,cspm"), 2, "contests", "roll_contest_twice"),
    (f"{HEAD}\n{GOOD}\n{GOOD}", 3, "rpps", "roll_double"),
    (f"{HEAD};langue\n{GOOD};klingon", 2, "locale", "roll_language_unknown"),
]


@pytest.mark.parametrize(("text", "line", "column", "code"), BAD)
def test_a_mistake_is_named_with_its_line_and_column(election, text, line, column, code):
    """Each mistake comes back by line, column and code, and never with what was typed."""
    preview = read_roll(text if isinstance(text, bytes) else text.encode(), election)
    assert (line, column, code) in [(one.line, one.column, one.code) for one in preview.errors]
    told = repr([one.where for one in preview.errors])
    assert "Martin" not in told
    assert "klingon" not in told


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_right_file_is_read_however_it_was_saved(election, delimiter, mark, newline):
    """Delimiter, byte-order mark and line ends change nothing: one voter, no mistake."""
    text = newline.join((HEAD, GOOD)).replace(";", delimiter) + newline
    preview = read_roll(mark + text.encode(), election)
    assert preview.errors == ()
    (entry,) = list(preview.entries)
    assert (entry.last_name, entry.mobile, entry.contests) == ("Martin", "+33612345678", ("cspm",))
    assert (entry.fields, entry.kinds) == (
        {"rpps": "99700000017", "ordinal_number": "75/1"}, {"ordinal_number": "ordinal"}
    )  # fmt: skip


def test_headers_are_understood_in_english_and_with_accents(election):
    """English headers, accents, capitals and spaces name the same columns."""
    english = "Title,Last name,FIRST_NAME,E-mail,Phone,RPPS,Ordinal number,Kind,College,Contests,Language"
    french = "Civilité,Nom,Prénom,Mél,Téléphone,Rpps,Numéro d’ordre,Type de numéro,Collège,Scrutins,Langue"
    line = "Dr,Martin,Alix,alix@chu.example,,99700000017,75/1,substitute,ph,cspm|csn,anglais"
    for header in (english, french):
        preview = read_roll(f"{header}\n{line}".encode(), election)
        assert preview.errors == ()
        assert next(iter(preview.entries)).kinds == {"ordinal_number": "substitute"}
        assert next(iter(preview.entries)).contests == ("cspm", "csn")
        assert next(iter(preview.entries)).locale == "en"


def test_line_numbers_are_those_of_the_file(election):
    """A quoted line break and an empty line count: the mistake is named where an editor shows it."""
    text = f'{HEAD}\nDr;"Mar\ntin";Alix;a@chu.example;;99700000017;75/1;;ph;\n\n{with_cell(3, "x").splitlines()[1]}'
    assert [one.line for one in read_roll(text.encode(), election).errors if one.column == "email"] == [5]


@pytest.mark.parametrize(
    "typed", ["0690 00 12 34", "0692 12 34 56", "0694 20 12 34", "0696 20 12 34", "0639 05 12 34"]
)
def test_mobiles_of_the_territories_overseas_are_mobiles(election, typed):
    """Guadeloupe, La Réunion, Guyane, Martinique and Mayotte: their mobiles are taken."""
    preview = read_roll(with_cell(4, typed).encode(), election)
    assert preview.errors == ()
    assert next(iter(preview.entries)).mobile.startswith("+")


def test_what_is_odd_is_a_warning_and_refuses_nothing(election):
    """The same e-mail or number twice, no e-mail, and what a plugin finds odd: warned, imported all the same."""

    class Odd(RollCheck):
        name = "odd"

        def warnings(self, row):
            return [RollWarning("rpps", "rpps_luhn")] if row["rpps"].endswith("18") else []

    second = GOOD.replace("99700000017", "99700000018").replace("alix@chu.example", "")
    third = GOOD.replace("99700000017", "99700000019")
    preview = read_roll("\n".join((HEAD, GOOD, second, third)).encode(), election, [Odd()])
    assert preview.errors == ()
    found = {(one.line, one.column, one.code) for one in preview.warnings}
    assert {(3, "rpps", "rpps_luhn"), (3, "email", "roll_no_email"), (4, "email", "roll_same_value")} <= found
    assert (3, "ordinal_number", "roll_same_value") in found
    assert (2, "rpps", "rpps_luhn") not in found


async def test_an_import_is_all_or_nothing(election, store):
    """One bad line in a hundred: nobody is on the roll; the same file without it: everybody is."""
    lines = [GOOD.replace("99700000017", f"{99700000017 + number}") for number in range(100)]
    bad = [*lines[:50], lines[50].replace(";ph;", ";xx;"), *lines[51:]]
    with pytest.raises(IsoloirError, match="roll_has_errors"):
        await import_roll(store, election, read_roll("\n".join((HEAD, *bad)).encode(), election))
    assert await count(store, "trial") == 0
    done = await import_roll(store, election, read_roll("\n".join((HEAD, *lines)).encode(), election))
    assert done == Imported(added=100)
    found = await entries(store, "trial")
    assert len({entry.identifier for entry in found}) == 100


async def test_nobody_is_put_on_the_roll_twice(election, store):
    """A second import of somebody who is there is refused whole, with their line; somebody new is taken."""
    await import_roll(store, election, read_roll(f"{HEAD}\n{GOOD}".encode(), election))
    new = GOOD.replace("99700000017", "99700000018")
    with pytest.raises(IsoloirError) as raised:
        await import_roll(store, election, read_roll(f"{HEAD}\n{new}\n{GOOD}".encode(), election))
    assert (raised.value.code, raised.value.where["number"], raised.value.where["line"]) == (
        "roll_already_there",
        1,
        3,
    )
    assert await count(store, "trial") == 1
    done = await import_roll(store, election, read_roll(f"{HEAD}\n{new}".encode(), election))
    assert done == Imported(added=1)


def test_the_examples_roll_imports_whole():
    """The example's 240 voters are read without a mistake."""
    preview = read_roll(EXAMPLE / "roll.csv", read_election(EXAMPLE / "election.toml"))
    assert (len(preview.entries), preview.errors) == (240, ())
