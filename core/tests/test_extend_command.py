"""`isoloir election extend`: two members of the board, by name; for a day on which the web is away."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from click.testing import CliRunner

from isoloir.commands import main
from isoloir.instance import Instance
from isoloir.store import lifecycle_store

ELECTION = Path(__file__).parents[2] / "examples" / "medecins-2024" / "election.toml"
ID = "medecins-2024"


async def closes(folder: Path, state: str = "") -> datetime:
    """Return the close that a new process knows; put the election into a state before, where one is given."""
    async with Instance.open(folder) as instance:
        if state:
            async with instance.store.write("box") as session:
                await lifecycle_store.set_state(session, ID, state)
        return instance.election(ID).window.closes


def test_two_members_extend_an_open_vote_and_correct_its_roll(tmp_path: Path) -> None:
    """The next process knows the later close; one member twice, a stranger, a vote not open, a bad file: refused."""
    place = tmp_path / "elections" / ID
    place.mkdir(parents=True)
    now = datetime.now(ZoneInfo("Europe/Paris")).replace(tzinfo=None, second=0, microsecond=0)
    text = ELECTION.read_text("utf-8")
    for name, moment in (("opens", now - timedelta(hours=1)), ("closes", now + timedelta(days=2))):
        text, found = re.subn(rf"^{name} = \S+", f"{name} = {moment.isoformat()}", text, flags=re.MULTILINE)
        assert found == 1
    (place / "election.toml").write_text(text, "utf-8")
    plugins = ["ordinal_check", "outbox", "password_sms", "prosante_connect"]
    (tmp_path / "isoloir.toml").write_text(f'base_url = "http://127.0.0.1:8000"\nplugins = {json.dumps(plugins)}\n')
    later = now + timedelta(days=3)

    def extend(by: str, other: str, *more: str) -> Any:
        said = ("--until", f"{later:%Y-%m-%dT%H:%M}", "--reason", "Panne.", "--by", by, "--with", other)
        return CliRunner().invoke(
            main, ["--instance", str(tmp_path), "--lang", "fr", "election", "extend", ID, *said, *more]
        )

    two = ("national/president", "national/delegate-2")
    asyncio.run(closes(tmp_path, "rehearsed"))
    assert "extension_not_now" in extend(*two).stderr
    asyncio.run(closes(tmp_path, "open"))
    assert "extension_alone" in extend(two[0], two[0]).stderr
    assert "remark_member_unknown" in extend(two[0], "national/nobody").stderr
    assert asyncio.run(closes(tmp_path)).replace(tzinfo=None) == now + timedelta(days=2)
    done = extend(*two)
    assert (done.exit_code, "Le vote est prolongé" in done.stdout) == (0, True), done.output
    assert asyncio.run(closes(tmp_path)).replace(tzinfo=None) == later
    assert "extension_too_short" in extend(*two, "--json").stderr
    roll = tmp_path / "oublis.csv"
    lines = "civilite;nom;prenom;courriel;mobile;rpps;numero_ordre;type_numero;college"
    roll.write_text(f"{lines}\nDr;Martin;Alix;alix@chu.example.org;;99700000017;75/10017;ordinal;ph\n")

    def correct(by: str, other: str) -> Any:
        said = ("correct", str(roll), "--election", ID, "--reason", "Oubli.", "--by", by, "--with", other)
        return CliRunner().invoke(main, ["--instance", str(tmp_path), "--lang", "fr", "roll", *said])

    assert "correction_alone" in correct(two[0], two[0]).stderr
    assert "correction_reserve" in correct(*two).stderr  # no keys were made: there is no reserve
    roll.write_text(f"{lines}\nDr;Martin;Alix;nowhere;;99700000017;75/10017;ordinal;nulle part\n")
    assert "roll_has_errors" in correct(*two).stderr
