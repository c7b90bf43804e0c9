# ruff: noqa: E501, ISC004 - in the table, one mistake is one row
"""For each kind of mistake in an election's file: what comes back, on which line, at which key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr

from isoloir.config.located import describe
from isoloir.config.reading import ElectionFileInvalid, read_election
from isoloir.hooks import (
    Accepted,
    Asserted,
    ClaimName,
    Compared,
    Delivered,
    Event,
    Factor,
    Flow,
    Message,
    NoConfig,
    Notifier,
    PluginConfig,
    Refused,
    Step,
    Vouching,
    hookimpl,
)
from isoloir.plugin_set import PluginSet
from isoloir.texts import Texts, read_catalogues

BASE = """\
id = "essai"
title = { fr = "Essai", en = "Trial" }
test = true

[window]
opens = 2024-06-11T09:00:00
closes = 2024-06-18T17:00:00
grace_minutes = 30

[help_line]
phone = "01 99 00 00 00"
hours = { fr = "9 h à 17 h", en = "9 am to 5 pm" }

[sender]
name = "Élections"
address = "elections@evote.example"
subject = { fr = "Comment voter", en = "How to vote" }

[roll.fields]
rpps = { key = true, normalise = "digits" }
ordinal_number = { normalise = "alphanumeric", secret = true, kinds = ["ordinal", "substitute"] }

[identifiers]
length = 7
alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

[colleges]
ph = { fr = "Praticiens", en = "Practitioners" }
hu = { fr = "Enseignants", en = "Teachers" }

[boards.national]
rule = { all = [{ at_least = 1, of = "officers" }, { at_least = 2, of = ["d1", "d2", "d3", "d4"] }] }
[boards.national.members]
president = { role = "president", name = "Une" }
secretary = { role = "secretary", name = "Deux", substitute = "Neuf" }
d1 = { role = "delegate", name = "Delta Un" }
d2 = { role = "delegate", name = "Delta Deux" }
d3 = { role = "delegate", name = "Delta Trois" }
d4 = { role = "delegate", name = "Delta Quatre" }

[[contests]]
id = "cspm-ph"
title = { fr = "CSPM", en = "CSPM" }
colleges = ["ph"]
board = "national"
seats = 2
rule = { family = "highest_average", ties = "votes_then_lot", short_lists = "cap" }

[[contests.lists]]
id = "a"
name = "Liste A"
candidates = [
  "Une",
  "Deux",
]

[[contests.lists]]
id = "b"
name = "Liste B"
candidates = ["Trois", "Quatre"]

[[contests]]
id = "csn"
title = { fr = "CSN", en = "CSN" }
colleges = ["ph", "hu"]
board = "national"
seats = 1

[[contests.lists]]
id = "c"
name = "Liste C"
candidates = ["Cinq"]

[factors.psc]
plugin = "provider"
config = { level = "eidas1", secret = { env = "PSC_SECRET" } }
[factors.ordinal]
plugin = "numbers"
[factors.sms]
plugin = "texting"
config = { mobile = "roll" }

[policy]
minimum_level = "eidas1"
[[policy.any]]
id = "psc"
label = { fr = "Fournisseur", en = "Provider" }
all = ["psc", "ordinal"]
[[policy.any]]
id = "password"
label = { fr = "Mot de passe", en = "Password" }
all = ["ordinal", "sms"]

[notifiers]
email = { plugin = "pigeon" }
sms = { plugin = "pigeon" }
"""
TYPED = "zz-typed-zz"
"""Stands in wrong values: it may come back in no sentence."""


class ProviderConfig(PluginConfig):
    level: str = "eidas1"
    secret: SecretStr
    port: int = Field(default=1, ge=1)
    nested: dict[str, SecretStr] = Field(default_factory=dict)


class Provider(Factor[ProviderConfig]):
    name = "provider"
    config = ProviderConfig

    def vouches(self, config: ProviderConfig) -> Mapping[ClaimName, Vouching]:
        return {"rpps": Asserted(config.level)}

    async def advance(self, config: ProviderConfig, flow: Flow, event: Event) -> Step:
        return Refused("never")


class Numbers(Factor[NoConfig]):
    name = "numbers"
    config = NoConfig

    def vouches(self, config: NoConfig) -> Mapping[ClaimName, Vouching]:
        return {"rpps": Compared(), "ordinal_number": Compared()}

    async def advance(self, config: NoConfig, flow: Flow, event: Event) -> Step:
        return Refused("never")


class TextingConfig(PluginConfig):
    mobile: str


class Texting(Factor[TextingConfig]):
    name = "texting"
    config = TextingConfig

    def vouches(self, config: TextingConfig) -> Mapping[ClaimName, Vouching]:
        if config.mobile == "broken":
            raise RuntimeError(TYPED)
        return {"one_time_password": Delivered("sms", to="typed" if config.mobile == "typed" else "roll")}

    async def advance(self, config: TextingConfig, flow: Flow, event: Event) -> Step:
        return Refused("never")


class Pigeon(Notifier[NoConfig]):
    name = "pigeon"
    config = NoConfig
    channels = frozenset({"email", "sms"})

    async def send(self, config: NoConfig, message: Message) -> Accepted:
        return Accepted("1")


class Fakes:
    contract_version = 1

    @hookimpl
    def register_factors(self) -> list[Factor[Any]]:
        return [Provider(), Numbers(), Texting()]

    @hookimpl
    def register_notifiers(self) -> list[Notifier[Any]]:
        return [Pigeon()]


def refused(tmp_path: Path, text: str) -> list[tuple[str, int, str]]:
    """Read the text as a file that must be refused; check that no sentence echoes or lacks anything."""
    file = tmp_path / "election.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ElectionFileInvalid) as caught:
        read_election(file, PluginSet.of(Fakes()))
    texts = Texts(read_catalogues("isoloir"))
    for error in caught.value.errors:
        assert error.file == str(file)
        for locale in ("fr", "en"):
            told = describe(error, texts, locale)
            words = f"{told['sentence']} {told['remedy']}"
            assert TYPED not in words
            assert not str(told["sentence"]).startswith("error.")
            assert not str(told["remedy"]).startswith("error.")
            assert "{" not in words.replace("{ env", "").replace("{ file", "").replace("{ plugin", "").replace(
                "{ clé", ""
            ).replace("{ key", ""), words
    assert TYPED not in str(caught.value)
    assert TYPED not in repr(caught.value.errors)
    return [(error.code, error.line, error.key) for error in caught.value.errors]


def line_of(text: str, needle: str) -> int:
    """Return the line (from 1) of the only place where the needle stands."""
    assert text.count(needle) == 1, needle
    return text[: text.index(needle)].count("\n") + 1


_BOARD = BASE[BASE.index("[boards.national]") : BASE.index("[[contests]]")]
_D4 = 'd4 = { role = "delegate", name = "Delta Quatre" }\n'
MISTAKES = [
    # what is written, what is written instead, code, key, where the line is
    ("a key is missing", 'name = "Élections"\n', "", "key_missing", "sender.name", "[sender]"),
    ("a table is missing", BASE[BASE.index("[help_line]") : BASE.index("[sender]")], "", "key_missing", "help_line", 1),
    ("an unknown key", 'address = "e', 'adress = "x"\naddress = "e', "key_unknown", "sender.adress", "adress = "),
    ("an unknown table", "[identifiers]", "[identifier]\nx = 1\n[identifiers]", "key_unknown", "identifier", "[identifier]"),
    ("one language only", 'title = { fr = "CSN", en = "CSN" }', 'title = { fr = "CSN" }', "language_missing",
     "contests[1].title.en", 'title = { fr = "CSN" }'),
    ("a third language", 'fr = "CSN", en', 'de = "x", fr = "CSN", en', "key_unknown", "contests[1].title.de", 'de = "x"'),
    ("an empty text", 'name = "Liste C"', 'name = "  "', "value_too_short", "contests[1].lists[0].name", 'name = "  "'),
    ("a number for a text", 'name = "Liste C"', "name = 12", "value_not_text", "contests[1].lists[0].name", "name = 12"),
    ("a text for a number", "seats = 1", f'seats = "{TYPED}"', "value_not_integer", "contests[1].seats", "seats = \""),
    ("a true for a number", "seats = 1", "seats = true", "value_not_integer", "contests[1].seats", "seats = true"),
    ("a half seat", "seats = 1", "seats = 1.5", "value_not_integer", "contests[1].seats", "seats = 1.5"),
    ("a number for yes or no", "test = true", "test = 1", "value_not_boolean", "test", "test = 1"),
    ("a text for a list", 'colleges = ["ph"]', f'colleges = "{TYPED}"', "value_not_list", "contests[0].colleges",
     "colleges = \""),
    ("a table missing in the middle", '[sender]\nname = "Élections"\naddress = "elections@evote.example"\n'
     'subject = { fr = "Comment voter", en = "How to vote" }', "", "key_missing", "sender", 1),
    ("a text for a table", 'rule = { family = "highest_average", ties = "votes_then_lot", short_lists = "cap" }',
     f'rule = "{TYPED}"', "value_not_table", "contests[0].rule", f'rule = "{TYPED}"'),
    ("a text for a moment", "closes = 2024-06-18T17:00:00", f'closes = "{TYPED}"', "value_not_datetime",
     "window.closes", "closes = "),
    ("a day for a moment", "closes = 2024-06-18T17:00:00", "closes = 2024-06-18", "value_not_datetime",
     "window.closes", "closes = "),
    ("no seat", "seats = 1", "seats = 0", "value_too_small", "contests[1].seats", "seats = 0"),
    ("too much grace", "grace_minutes = 30", "grace_minutes = 31", "value_too_large", "window.grace_minutes", "grace_m"),
    ("no college in a contest", 'colleges = ["ph"]', "colleges = []", "list_too_short", "contests[0].colleges",
     "colleges = []"),
    ("an unknown group", "test = true", f'test = true\ngroup = "{TYPED}"', "value_not_choice", "group", "group ="),
    ("an unknown tie rule", '"votes_then_lot"', f'"{TYPED}"', "value_not_choice", "contests[0].rule.ties", TYPED),
    ("an unknown normaliser", 'normalise = "digits"', f'normalise = "{TYPED}"', "value_not_choice",
     "roll.fields.rpps.normalise", TYPED),
    ("an unknown risk", "test = true", f'accepts = [{{ risk = "{TYPED}", reason = "x" }}]', "value_not_choice",
     "accepts[0].risk", "accepts ="),
    ("a risk without reason", "test = true", 'accepts = [{ risk = "long_window" }]', "key_missing",
     "accepts[0].reason", "accepts ="),
    ("an id with capitals", 'id = "csn"', 'id = "CSN"', "id_form", "contests[1].id", 'id = "CSN"'),
    ("a field with a hyphen", "rpps = {", "r-p = { secret = true }\nrpps = {", "field_name_form", "roll.fields.r-p", "r-p"),
    ("a sender that is no address", "elections@evote.example", f"{TYPED} @x", "address_form", "sender.address", TYPED),
    ("a telephone in letters", "01 99 00 00 00", TYPED, "phone_form", "help_line.phone", TYPED),
    ("a zone that is nowhere", "grace_minutes = 30", f'zone = "{TYPED}"', "zone_unknown", "window.zone", TYPED),
    ("a close before the opening", "2024-06-18T17", "2024-06-10T17", "window_reversed", "window.closes", "closes ="),
    ("23 hours", "2024-06-18T17", "2024-06-12T08", "window_short", "window.closes", "closes ="),
    ("8 days and an hour", "2024-06-18T17", "2024-06-19T10", "window_long", "window.closes", "closes ="),
    ("an hour that is skipped", "opens = 2024-06-11T09:00:00\ncloses = 2024-06-18T17",
     "opens = 2024-03-31T02:30:00\ncloses = 2024-04-04T17", "window_hour_skipped", "window.opens", "opens ="),
    ("an hour that strikes twice", "opens = 2024-06-11T09:00:00\ncloses = 2024-06-18T17:00",
     "opens = 2024-10-24T09:00:00\ncloses = 2024-10-27T02:30", "window_hour_twice", "window.closes", "closes ="),
    ("a contest id twice", 'id = "csn"', 'id = "cspm-ph"\n', "duplicate", "contests[1].id", 'id = "cspm-ph"\n\n'),
    ("a list id twice", 'id = "b"', 'id = "a"  ', "duplicate", "contests[0].lists[1].id", 'id = "a"  '),
    ("a list name twice", 'name = "Liste B"', 'name = "LISTE  A"', "duplicate", "contests[0].lists[1].name", "LISTE  A"),
    ("a candidate twice in a list", '  "Deux"', '  "une"', "candidate_twice", "contests[0].lists[0].candidates[1]",
     '  "une"'),
    ("a candidate in two lists", '"Quatre"', '"Une "', "candidate_twice", "contests[0].lists[1].candidates[1]", '"Une "'),
    ("a list without candidates", '["Cinq"]', "[]", "list_empty", "contests[1].lists[0].candidates", "candidates = []"),
    ("a list too long", '["Cinq"]', '["Cinq", "Six", "Sept"]', "list_too_long", "contests[1].lists[0].candidates",
     '"Sept"'),
    ("an unknown college", '["ph", "hu"]', f'["ph", "{TYPED}"]', "college_unknown", "contests[1].colleges[1]", TYPED),
    ("a college twice", '["ph", "hu"]', '["ph", "ph"]', "duplicate", "contests[1].colleges[1]", '["ph", "ph"]'),
    ("an unknown board", 'board = "national"\nseats = 1', f'board = "{TYPED}"\nseats = 1', "board_unknown",
     "contests[1].board", TYPED),
    ("a member twice in a condition", '"d3", "d4"]', '"d3", "d3", "d4"]', "duplicate",
     "boards.national.rule.all[1].of[3]", '"d3", "d3"'),
    ("a board without members", BASE[BASE.index("president = {") : BASE.index("\n[[contests]]")], "", "list_too_short",
     "boards.national.members", "[boards.national.members]"),
    ("a role that is none", 'role = "secretary"', f'role = "{TYPED}"', "value_not_choice",
     "boards.national.members.secretary.role", "secretary ="),
    ("a rule with a stranger", '"d3", "d4"]', f'"d3", "d4", "{TYPED}"]', "member_unknown",
     "boards.national.rule.all[1].of[4]", TYPED),
    ("a group that is none", '"officers"', f'"{TYPED}"', "group_unknown", "boards.national.rule.all[0].of", TYPED),
    ("a group of nobody", BASE[BASE.index("president = {") : BASE.index("d1 = {")], "", "group_empty",
     "boards.national.rule.all[0].of", '"officers"'),
    ("a rule that cannot be met", "at_least = 2", "at_least = 5", "quorum_impossible",
     "boards.national.rule.all[1].at_least", "at_least = 5"),
    ("a condition that needs everyone", "at_least = 2", "at_least = 4", "board_fragile",
     "boards.national.rule.all[1].at_least", "at_least = 4"),
    ("no rule, so that everyone is needed", BASE[BASE.index("rule = { all") : BASE.index("[boards.national.members]")], "",
     "board_fragile", "boards.national.members", "[boards.national.members]"),
    ("a member of two conditions", '["d1",', '["president", "d1",', "member_counts_twice", "boards.national.rule.all[1].of",
     '"officers"'),
    ("a member of no condition", '"d3", "d4"]', '"d3"]', "member_without_share", "boards.national.members.d4", "d4 ="),
    ("one person, two seats", '"Delta Trois"', '"DELTA  un"', "person_twice", "boards.national.members.d3.name",
     "d3 ="),
    ("a substitute who is a member", '"Neuf"', '"Delta Quatre"', "person_twice", "boards.national.members.d4.name", "d4 ="),
    ("two presidents", 'role = "secretary"', 'role = "president"', "role_twice",
     "boards.national.members.secretary.role", "secretary ="),
    ("three delegates to two officers", _BOARD, _BOARD.replace(', "d4"', "").replace(_D4, ""), "board_few_delegates",
     "boards.national.members", "[boards.national.members]"),
    ("a field that always is there", "rpps = {", "email = { secret = true }\nrpps = {", "roll_field_reserved",
     "roll.fields.email", "email = { secret"),
    ("an alphabet with O and 0", "YZ23456789", "OYZ023456789", "alphabet_look_alikes", "identifiers.alphabet", "alphabet ="),
    ("an alphabet with I and L", "ABCDEFGHJ", "ABCDEFGHIJ", "alphabet_look_alikes", "identifiers.alphabet", "alphabet ="),
    ("a sign twice", "ABCDEFGHJ", "AABCDEFGHJ", "alphabet_twice", "identifiers.alphabet", "alphabet ="),
    ("a small letter", "ABCDEFGHJ", "aBCDEFGHJ", "alphabet_signs", "identifiers.alphabet", "alphabet ="),
    ("short identifiers", "length = 7", "length = 5", "identifiers_weak", "identifiers.length", "length ="),
    ("an unknown factor", 'all = ["psc", "ordinal"]', f'all = ["psc", "{TYPED}"]', "factor_unknown",
     "policy.any[0].all[1]", TYPED),
    ("a factor twice", 'all = ["psc", "ordinal"]', 'all = ["psc", "psc"]', "duplicate", "policy.any[0].all[1]",
     'all = ["psc", "psc"]'),
    ("a branch id twice", 'id = "password"', 'id = "psc"  ', "duplicate", "policy.any[1].id", 'id = "psc"  '),
    ("an empty branch", 'all = ["psc", "ordinal"]', "all = []", "list_too_short", "policy.any[0].all", "all = []"),
    ("an unknown level", 'minimum_level = "eidas1"', f'minimum_level = "{TYPED}"', "value_not_choice",
     "policy.minimum_level", TYPED),
    ("a plugin that is not loaded", 'plugin = "numbers"', f'plugin = "{TYPED}"', "plugin_unknown_factors",
     "factors.ordinal.plugin", TYPED),
    ("an eligibility check that is not loaded", "[policy]", f'[[eligibility]]\nplugin = "{TYPED}"\n[policy]',
     "plugin_unknown_eligibility", "eligibility[0].plugin", TYPED),
    ("a notifier that is not loaded", 'email = { plugin = "pigeon" }', f'email = {{ plugin = "{TYPED}" }}',
     "plugin_unknown_notifiers", "notifiers.email.plugin", TYPED),
    ("a channel that a notifier cannot", "[notifiers]", '[notifiers]\npost = { plugin = "pigeon" }', "notifier_channel",
     "notifiers.post.plugin", "post ="),
    ("a channel that nobody carries", 'sms = { plugin = "pigeon" }', "", "notifier_missing", "notifiers", "[notifiers]"),
    ("a channel that is none", "[notifiers]", '[notifiers]\nfax = { plugin = "pigeon" }', "value_not_choice",
     "notifiers.fax", "fax ="),
    ("a plugin's key missing", 'config = { mobile = "roll" }', "", "key_missing", "factors.sms.config.mobile",
     "[factors.sms]"),
    ("a plugin's key unknown", 'mobile = "roll" }', f'mobile = "roll", mobil = "{TYPED}" }}', "key_unknown",
     "factors.sms.config.mobil", TYPED),
    ("a plugin's value refused", 'level = "eidas1", s', 'level = "eidas1", port = 0, s', "value_too_small",
     "factors.psc.config.port", "port = 0"),
    ("a secret in clear", '{ env = "PSC_SECRET" }', f'"{TYPED}"', "secret_in_clear", "factors.psc.config.secret", TYPED),
    ("a nested secret in clear", "level =", f'nested = {{ a = "{TYPED}" }}, level =', "secret_in_clear",
     "factors.psc.config.nested.a", TYPED),
    ("a secret that is no reference", '{ env = "PSC_SECRET" }', '{ env = "A", file = "b" }', "secret_form",
     "factors.psc.config.secret", 'env = "A"'),
    ("a reference that is no secret", 'mobile = "roll"', 'mobile = { env = "MOBILE" }', "reference_not_secret",
     "factors.sms.config.mobile", "MOBILE"),
    ("a branch too weak", 'all = ["ordinal", "sms"]', 'all = ["ordinal"]', "policy_too_weak", "policy.any[1].all",
     'all = ["ordinal"]'),
    ("a level too low", 'minimum_level = "eidas1"', 'minimum_level = "eidas2"', "policy_too_weak", "policy.any[0].all",
     'all = ["psc", "ordinal"]'),
    ("a mobile typed at nobody's risk", 'mobile = "roll"', 'mobile = "typed"', "policy_too_weak", "policy.any[1].all",
     'all = ["ordinal", "sms"]'),
    ("a challenge that is public", "secret = true,", "", "policy_too_weak", "policy.any[1].all",
     'all = ["ordinal", "sms"]'),
    ("a plugin that fails", 'mobile = "roll"', 'mobile = "broken"', "plugin_vouches_failed", "factors.sms",
     "[factors.sms]"),
    ("a text that does not exist", "[notifiers]", f'[texts.fr]\n"error.nothing" = "{TYPED}"\n[notifiers]',
     "text_unknown", 'texts.fr."error.nothing"', TYPED),
    ("a place that nothing fills", "[notifiers]", '[texts.fr]\n"error.list_empty" = "{voter}"\n[notifiers]',
     "text_place", 'texts.fr."error.list_empty"', "{voter}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "instead", "code", "key", "needle"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES]
)
def test_a_mistake_has_its_code_its_line_and_its_key(
    tmp_path: Path, written: str, instead: str, code: str, key: str, needle: str | int
) -> None:
    """One mistake gives exactly one error: its code, line and key, told in both languages, without what was typed."""
    assert written in BASE
    text = BASE.replace(written, instead, 1)
    line = needle if isinstance(needle, int) else line_of(text, needle)
    assert refused(tmp_path, text) == [(code, line, key)]


def test_the_file_that_the_mistakes_start_from_is_valid(tmp_path: Path) -> None:
    """The table's twin: without a mistake the same file is read, as one model."""
    file = tmp_path / "election.toml"
    file.write_text(BASE, encoding="utf-8")
    election = read_election(file, PluginSet.of(Fakes()))
    assert election.contest("cspm-ph").list("b").candidates == ("Trois", "Quatre")
    assert [branch.id for branch in election.policy.any] == ["psc", "password"]
    assert election.window.opens.isoformat() == "2024-06-11T09:00:00+02:00"
    assert election.window.grace_ends.isoformat() == "2024-06-18T17:30:00+02:00"


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("2024-06-18T17", "2024-06-19T10"),
        ("2024-06-18T17", "2024-06-12T08"),
        ('mobile = "roll"', 'mobile = "typed"'),
        ("at_least = 2", "at_least = 4"),
        (_BOARD, _BOARD.replace(', "d4"', "").replace(_D4, "")),
    ],
    ids=["long_window", "short_window", "typed_mobile", "fragile_board", "few_delegates"],
)
def test_an_accepted_risk_with_its_reason_is_let_through(
    tmp_path: Path, request: pytest.FixtureRequest, written: str, instead: str
) -> None:
    """A named risk, accepted with a reason, is no error; under another risk's name it still is."""
    risk = request.node.callspec.id
    other = "short_window" if risk != "short_window" else "long_window"
    file = tmp_path / "election.toml"
    for named, valid in ((risk, True), (other, False)):
        accepts = f'accepts = [{{ risk = "{named}", reason = "Décidé par le bureau." }}]\n'
        text = accepts + BASE.replace(written, instead)
        if valid:
            file.write_text(text, encoding="utf-8")
            assert read_election(file, PluginSet.of(Fakes())).accepted(risk)
        else:
            assert len(refused(tmp_path, text)) == 1


def test_all_mistakes_come_at_once_sorted_by_line(tmp_path: Path) -> None:
    """Mistakes of every kind, schema, references, plugins, policy, come in one go, in the order of the lines."""
    text = BASE
    for written, instead in (
        ('name = "Élections"\n', ""),
        ('colleges = ["ph"]', 'colleges = ["phh"]'),
        ("seats = 1", "seats = 0"),
        ('{ env = "PSC_SECRET" }', f'"{TYPED}"'),
        ('all = ["ordinal", "sms"]', 'all = ["ordinal"]'),
    ):
        text = text.replace(written, instead)
    found = refused(tmp_path, text)
    assert [code for code, _, _ in found] == [
        "key_missing",
        "college_unknown",
        "value_too_small",
        "secret_in_clear",
        "policy_too_weak",
    ]
    assert [line for _, line, _ in found] == sorted(line for _, line, _ in found)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b'id = "a"\ntitle = { fr = "x"\n', "toml_syntax", 2),
        (b'id = "a"\n\nid = "b"\n', "toml_duplicate", 3),
        (b"[a]\nx = 1\n[a]\ny = 1\n", "toml_duplicate", 3),
        (b'id = "a"\nb = \n', "toml_syntax", 2),
        (b'id = "a"\nb = 01\n', "toml_syntax", 2),
        (b'id = "a\nb = 1\n', "toml_syntax", 1),
        (b'id = "a"\nname = "\xe9"\n', "file_encoding", 2),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "toml_nesting", 1),
        (b"a = 1" + b"0" * 5000, "toml_nesting", 1),
    ],
    ids=["brace", "key twice", "table twice", "no value", "zero", "quote", "latin-1", "deep", "long number"],
)
def test_what_is_no_toml_is_refused_with_its_line(tmp_path: Path, content: bytes, code: str, line: int) -> None:
    """A file that is no TOML is one located error, never an exception of a library."""
    file = tmp_path / "election.toml"
    file.write_bytes(content)
    with pytest.raises(ElectionFileInvalid) as caught:
        read_election(file)
    assert [(error.code, error.line) for error in caught.value.errors] == [(code, line)]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A missing file, and a folder in its place, are refusals of the file, not of the program."""
    for path in (tmp_path / "nothing.toml", tmp_path):
        with pytest.raises(ElectionFileInvalid) as caught:
            read_election(path)
        assert [error.code for error in caught.value.errors] == ["file_missing"]


def test_a_byte_order_mark_and_windows_lines_do_no_harm(tmp_path: Path) -> None:
    """The same election, written by a Windows editor, reads the same, and its mistakes keep their lines."""
    file = tmp_path / "election.toml"
    file.write_bytes(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    assert read_election(file, PluginSet.of(Fakes())).id == "essai"
    file.write_bytes(b"\xef\xbb\xbf" + BASE.replace("seats = 1", "seats = 0").replace("\n", "\r\n").encode())
    with pytest.raises(ElectionFileInvalid) as caught:
        read_election(file)
    assert [error.line for error in caught.value.errors] == [line_of(BASE, "seats = 1")]


@pytest.mark.parametrize(
    ("written", "instead", "near"),
    [
        ('address = "e', 'adress = "x"\naddress = "e', "address"),
        ('board = "national"\nseats = 1', 'board = "nationnal"\nseats = 1', "national"),
        ('["ph", "hu"]', '["ph", "huu"]', "hu"),
        ('all = ["psc", "ordinal"]', 'all = ["psc", "ordinall"]', "ordinal"),
        ('plugin = "numbers"', 'plugin = "number"', "numbers"),
        ('mobile = "roll" }', 'mobile = "roll", mobil = 1 }', "mobile"),
    ],
)
def test_what_was_probably_meant_is_offered(tmp_path: Path, written: str, instead: str, near: str) -> None:
    """A name close to a known one comes back with that known one, in the remedy."""
    file = tmp_path / "election.toml"
    file.write_text(BASE.replace(written, instead), encoding="utf-8")
    with pytest.raises(ElectionFileInvalid) as caught:
        read_election(file, PluginSet.of(Fakes()))
    (error,) = caught.value.errors
    assert f'Did you mean "{near}"?' in str(describe(error, Texts(read_catalogues("isoloir")), "en")["remedy"])
