"""Files as offices send them: encodings, headers, line ends, quotes, and what a spreadsheet leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isoloir.config.election import ElectionFile
from isoloir.roll_import import LineError, Preview, read_roll
from isoloir.roll_import.columns import letter
from isoloir.roll_import.encodings import detect, opened

HEAD = "civilite;nom;prenom;courriel;mobile;rpps;numero_ordre;type_numero;college;scrutins"
GOOD = "Dr;Béraud;Aliénor;alix@chu.example;06 12 34 56 78;99700000017;75/1;ordre;ph;cspm"


def good(number: int) -> str:
    own = GOOD.replace("99700000017", f"{99700000017 + number}").replace("75/1", f"75/{number}")
    return own.replace("alix@", f"alix{number}@")


def found(preview: Preview) -> list[tuple[int, str, str]]:
    return [(one.line, one.column, one.code) for one in preview.errors]


@pytest.mark.parametrize(
    ("codec", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("windows-1252", "windows-1252"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_encoding_gives_the_same_names(election: ElectionFile, codec: str, told: str, newline: str) -> None:
    """However a spreadsheet saved it, and with any line end, the accents and the oe ligature are there."""
    text = newline.join((HEAD, GOOD.replace("Béraud", "Lecœur-Béraud"))) + newline
    preview = read_roll(text.encode(codec), election)
    assert (preview.errors, preview.encoding) == ((), told)
    (entry,) = preview.entries
    assert (entry.last_name, entry.first_name) == ("Lecœur-Béraud", "Aliénor")


def test_a_guessed_encoding_shows_names_to_confirm(election: ElectionFile) -> None:
    """Windows-1252 is a guess, and the preview shows the first names beyond ASCII; UTF-8 is none."""
    text = "\n".join((HEAD, *(good(number).replace("Aliénor", f"Zoé{number}") for number in range(9))))
    preview = read_roll(text.encode("windows-1252"), election)
    assert preview.guessed
    assert len(preview.samples) == 5
    assert {"Béraud", "Zoé0"} <= set(preview.samples)
    assert not read_roll(text.encode(), election).guessed


def test_an_organiser_overrules_the_guess(election: ElectionFile) -> None:
    """A file of an old Macintosh: wrong accents as guessed, right ones as told."""
    data = "\r".join((HEAD, GOOD)).encode("mac-roman")
    assert next(iter(read_roll(data, election).entries)).first_name != "Aliénor"
    assert next(iter(read_roll(data, election, encoding="mac-roman").entries)).first_name == "Aliénor"


def test_one_broken_line_does_not_change_the_encoding(election: ElectionFile) -> None:
    """Among lines of UTF-8, the one that is not is named; the others keep their accents."""
    lines = [HEAD.encode(), good(1).encode(), good(2).encode(), good(3).encode("windows-1252")]
    preview = read_roll(b"\n".join(lines), election)
    assert found(preview) == [(4, "last_name", "roll_encoding"), (4, "first_name", "roll_encoding")]
    assert [entry.first_name for entry in preview.entries] == ["Aliénor", "Aliénor"]


def test_the_encoding_is_known_beyond_the_first_megabyte(tmp_path: Path) -> None:
    """A first accent far down, and lines cut by the reader's chunks, count like any other."""
    path = tmp_path / "roll.csv"
    for codec, expected in (("windows-1252", "windows-1252"), ("utf-8", "utf-8")):
        path.write_bytes(b"plain;line\n" * 200_000 + "é;à\n".encode(codec) * 100_000)
        with opened(path) as file:
            assert detect(file) == expected
            assert file.tell() == 0


@pytest.mark.parametrize(
    ("header", "column"),
    [
        (header, column)
        for column, headers in {
            "last_name": ["NOM", "Nom de famille", "Nom d'usage", "Nom d’usage", "last-name", "Surname"],
            "first_name": ["PRÉNOM", "Prenom", "Prénom usuel", "Given name", "FIRST NAME"],
            "email": ["Courriel", "E-mail", "Mél.", "Adresse e-mail", "Adresse électronique", "email"],
            "mobile": ["Tél. portable", "Téléphone mobile", "N° de portable", "Numéro de téléphone", "Mobile phone",
                       "TEL", "Tél. mobile", "GSM"],
            "rpps": ["RPPS", "N° RPPS", "Nº RPPS", "n°_rpps", "Numéro RPPS", "№ RPPS", "RPPS number", "Code RPPS"],
            "ordinal_number": ["Numéro d'inscription à l'ordre", "Numéro d’ordre", "N° d'ordre", "N° ordre",
                               "NUMERO_ORDRE", "N° d'inscription à l'Ordre", "Ordinal number", "ordinal_number"],
            "ordinal_number_kind": ["Type de numéro", "Type numéro", "ordinal_number_kind", "Kind",
                                    "Nature du numéro"],
            "college": ["Collège", "COLLEGE", "Collège électoral", "Electoral college"],
            "contests": ["Scrutins", "Scrutin", "Contest"],
            "locale": ["Langue", "Language"],
            "civility": ["Civilité", "Titre", "Title", "Civ."],
        }.items()
        for header in headers
    ],
)  # fmt: skip
def test_headers_of_offices_are_understood(election: ElectionFile, header: str, column: str) -> None:
    """Accents, case, spaces, underscores, apostrophes and ° change nothing."""
    names = [*HEAD.split(";"), "langue"]
    cells = [*GOOD.split(";"), "fr"]
    places = ["civility", "last_name", "first_name", "email", "mobile", "rpps", "ordinal_number",
              "ordinal_number_kind", "college", "contests", "locale"]  # fmt: skip
    names[places.index(column)] = header
    cells[places.index("locale")] = "en"
    preview = read_roll(f"{';'.join(names)}\n{';'.join(cells)}".encode(), election)
    assert preview.errors == ()
    (entry,) = preview.entries
    assert (entry.last_name, entry.mobile, entry.contests, entry.locale) == (
        "Béraud",
        "+33612345678",
        ("cspm",),
        "en",
    )


def test_an_organiser_says_what_a_column_is(election: ElectionFile) -> None:
    """By option or by the election's file, the option first; `ignore` leaves one out; wrong targets are named."""
    text = f"{HEAD.replace('courriel', 'Mél pro')};Service;Étage\n{GOOD};Urgences;3"
    ignored = {"Service": "ignore", "ETAGE": "ignore"}
    assert ("K", "roll_column_unknown") in [one[1:] for one in found(read_roll(text.encode(), election))]
    preview = read_roll(text.replace("Mél pro", "Où écrire").encode(), election, columns=ignored)
    assert {("D", "roll_column_unknown"), ("email", "roll_column_missing")} == {one[1:] for one in found(preview)}
    told = text.replace("Mél pro", "Où écrire").encode()
    assert read_roll(told, election, columns={**ignored, "ou ecrire": "email"}).errors == ()
    roll = election.roll.model_copy(update={"columns": {**ignored, "Où écrire": "mobile"}})
    file = election.model_copy(update={"roll": roll})
    assert ("mobile", "roll_column_twice") in [one[1:] for one in found(read_roll(told, file))]
    assert read_roll(told, file, columns={"Où écrire": "email"}).errors == ()
    wrong = read_roll(told, election, columns={**ignored, "Où écrire": "courrier"})
    assert "roll_column_target" in wrong.error_counts


def test_lines_in_every_shape_are_read(election: ElectionFile) -> None:
    """Blank lines, lines of separators, `sep=`, trailing separators, quotes, line breaks in a cell, odd blanks."""
    lines = [
        "sep=;",
        "",
        f"{HEAD};;",
        f"{good(0)};;",
        ";;;;;;;;;;;",
        '""',
        good(1).replace("Béraud", '"Béraud\r\nde la ""Tour"""'),
        "   ",
        good(2)
        .replace(" 12 34 56 ", "\u202f12\u00a034\u200956\u00a0")
        .replace("é", "e\u0301")
        .replace("d;", "d\u00a0;"),
        good(3).replace("99700000020", '="99700000020"').replace("06 12 34 56 78", "'0612345678"),
        good(4).replace("Béraud", "\ufeffBé\u00adraud\u200b"),
    ]
    preview = read_roll("\r\n".join(lines).encode(), election)
    assert preview.errors == ()
    names = [entry.last_name for entry in preview.entries]
    assert names == ["Béraud", 'Béraud de la "Tour"', "Béraud", "Béraud", "Béraud"]
    assert {entry.mobile for entry in preview.entries} == {"+33612345678"}
    assert [entry.fields["rpps"] for entry in preview.entries][3] == "99700000020"


def test_lines_are_numbered_as_an_editor_shows_them(election: ElectionFile) -> None:
    """Breaks within cells and blank lines count, under each kind of line end."""
    lines = [HEAD, "", good(0).replace("Béraud", '"Bé\nraud"'), good(1).replace("@", " at "), "", ";", good(2) + ";x"]
    for newline in ("\n", "\r\n", "\r"):
        text = newline.join(lines).replace("Bé\nraud", f"Bé{newline}raud")
        assert found(read_roll(text.encode(), election)) == [
            (5, "email", "roll_email_malformed"),
            (8, "", "roll_cells"),
        ]


def test_an_open_quote_costs_one_line(election: ElectionFile) -> None:
    """What stands below an open quotation mark is read and judged by itself."""
    lines = [HEAD, good(0).replace("Béraud", '"Béraud'), good(1), good(2).replace("ph", "xx", 1), good(3)]
    preview = read_roll("\n".join(lines).encode(), election)
    assert found(preview) == [(2, "", "roll_quotes"), (4, "college", "roll_college_not_declared")]
    assert len(preview.entries) == 2


def test_a_line_beyond_measure_costs_itself(election: ElectionFile) -> None:
    """A line of megabytes is named without being held, and the next one is read."""
    preview = read_roll(f"{HEAD}\n{good(0)}{'x' * 3_000_000}\r\n{good(1)}\n{good(2)}x;".encode(), election)
    assert found(preview) == [(2, "", "roll_line_long"), (4, "contests", "roll_contest_not_declared")]
    assert len(preview.entries) == 1


def test_every_bad_line_is_counted_and_the_first_are_kept(election: ElectionFile) -> None:
    """Of thousands a hundred are kept, by line; all are counted by reason, and told to whoever writes them down."""
    lines = [good(0).replace("alix0@", ""), *(good(0) for _ in range(4_999))]
    told: list[LineError] = []
    preview = read_roll("\n".join((HEAD, *lines)).encode(), election, told=told.append)
    assert preview.error_counts == {"roll_email_malformed": 1, "roll_double": 4_999}
    assert [one.line for one in preview.errors] == list(range(2, 102))
    assert preview.warning_counts["roll_same_value"] == 2 * 4_999 - 1
    assert len(preview.warnings) == 100
    assert len(told) == 5_000 + preview.warning_counts["roll_same_value"]


def test_doubles_are_found_far_apart(election: ElectionFile) -> None:
    """Between the first line and the last of a file that spills to disk; written otherwise, the same all the same."""
    lines = [good(number) for number in range(30_000)]
    lines.append(good(40_000).replace(f"{99700000017 + 40_000}", "997 000 000-17").replace("alix40000@", "ALIX5@"))
    preview = read_roll("\n".join((HEAD, *lines)).encode(), election)
    assert found(preview) == [(30_002, "rpps", "roll_double")]
    assert preview.errors[0].where == {"column": "rpps", "letter": "F", "other": 2}
    shared = [one for one in preview.warnings if one.column == "email"]
    assert [(one.line, one.where["other"]) for one in shared] == [(30_002, 7)]
    assert len(read_roll("\n".join((HEAD, *lines[:-1])).encode(), election).entries) == 30_000


@pytest.mark.parametrize(
    ("value", "code"),
    [("9970000001", "roll_zero_lost"), ("997000000", "roll_value_length"), ("997000000178", "roll_value_length")],
)
def test_a_declared_length_tells_what_is_lost(election: ElectionFile, value: str, code: str) -> None:
    """A number one digit short lost its 0; others have the wrong length; without a length nothing can be said."""
    text = f"{HEAD}\n{GOOD.replace('99700000017', value)}".encode()
    assert read_roll(text, election).errors == ()
    rpps = election.roll.fields["rpps"].model_copy(update={"length": 11})
    roll = election.roll.model_copy(update={"fields": {**election.roll.fields, "rpps": rpps}})
    file = election.model_copy(update={"roll": roll})
    assert found(read_roll(text, file)) == [(2, "rpps", code)]
    assert read_roll(f"{HEAD}\n{GOOD}".encode(), file).errors == ()


def test_a_mobile_without_its_zero_is_read_and_told(election: ElectionFile) -> None:
    """The 0 is put back, of the mainland and overseas, with a warning; a right one warns of nothing."""
    lines = [good(0).replace("06 12 34 56 78", "612345678"), good(1).replace("06 12 34 56 78", "690001234"), good(2)]
    preview = read_roll("\n".join((HEAD, *lines)).encode(), election)
    assert [entry.mobile for entry in preview.entries] == ["+33612345678", "+590690001234", "+33612345678"]
    assert [one.line for one in preview.warnings if one.code == "roll_zero_restored"] == [2, 3]


def test_accents_converted_twice_are_a_warning(election: ElectionFile) -> None:
    """``BÃ©raud`` is warned of, by line; ``Béraud`` and ``Åse`` are not."""
    twice = "Béraud".encode().decode("windows-1252")
    lines = [good(0).replace("Béraud", twice), good(1), good(2).replace("Béraud", "Åse Ângström")]
    preview = read_roll("\n".join((HEAD, *lines)).encode(), election)
    warned = [(one.line, one.column) for one in preview.warnings if one.code == "roll_twice_encoded"]
    assert warned == [(2, "last_name")]


def test_errors_hold_no_value(election: ElectionFile) -> None:
    """Whatever stands in the cells, a finding holds the line, the column's own header and numbers alone."""
    secret = "Zsecretz"
    cells = [secret] * 10
    told: list[Any] = []
    read_roll(f"{HEAD}\n{';'.join(cells)}\n{';'.join(cells)}\n{secret}".encode(), election, told=told.append)
    read_roll(f"{secret};{secret}\n{secret}".encode(), election, told=told.append)
    assert len(told) > 10
    assert secret.lower() not in repr(told).lower()


@pytest.mark.parametrize(("place", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_lettered_as_in_a_spreadsheet(place: int, name: str) -> None:
    """A, …, Z, AA, …"""
    assert letter(place) == name
