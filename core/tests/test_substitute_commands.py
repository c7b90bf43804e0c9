"""From a delegate's share to the substitute who sits in their place, by commands alone."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from isoloir.ceremony import hosting, trial
from isoloir.commands import main
from isoloir.instance import Instance
from isoloir.key_share import KeyShare

ELECTION = Path(__file__).parents[2] / "examples" / "medecins-2024" / "election.toml"
MEMBER = ("medecins-2024", "--board", "national", "--member", "delegate-1")


def instance_in(folder: Path) -> Path:
    """Write an instance with the example, which names a substitute for its first delegate."""
    place = folder / "elections" / "medecins-2024"
    place.mkdir(parents=True)
    outbox = folder / "outbox"
    outbox.mkdir(mode=0o700)
    text = ELECTION.read_text("utf-8").replace(
        '{ plugin = "outbox" }', f'{{ plugin = "outbox", config = {{ folder = "{outbox}" }} }}'
    )
    (place / "election.toml").write_text(text, "utf-8")
    plugins = ["ordinal_check", "outbox", "password_sms", "prosante_connect"]
    (folder / "isoloir.toml").write_text(f'base_url = "http://127.0.0.1:8000"\nplugins = {json.dumps(plugins)}\n')
    return folder


async def hold(folder: Path) -> KeyShare:
    """Hold the ceremony; return the first delegate's share."""
    async with Instance.open(folder) as instance:
        election = instance.election("medecins-2024")
        documents, shares = trial.hold((await hosting.begin(instance.store, election, instance.clock)).plan)
        for document in documents:
            await hosting.add(instance.store, election, document, instance.clock)
        return next(share for share in shares if share.member == "delegate-1")


def test_copy_deposit_replace_take(tmp_path: Path) -> None:
    """The copy opens after the recorded replacement alone; the member's account ends; the share is the same."""
    folder = instance_in(tmp_path / "instance")
    share = asyncio.run(hold(folder))
    code, other = tmp_path / "code", tmp_path / "other"
    code.write_text("le code du délégué")
    other.write_text("le code du suppléant")
    own, copy, key, freed = (tmp_path / name for name in ("own.json", "copy.json", "release.json", "freed.json"))
    share.write(own, "le code du délégué")

    def run(*arguments: object) -> Any:
        return CliRunner().invoke(main, ["--instance", str(folder), "--lang", "fr", *map(str, arguments)])

    person = ("--display", "Dr Elsa Bernard", "--email", "elsa@example.org")
    assert run("account", "new", "medecins-2024", "e.bernard", *person, *MEMBER[1:]).exit_code == 0
    early = run("ceremony", "replace", *MEMBER, "--reason", "Malade.", "--out", freed)
    assert (early.exit_code, "release_missing" in early.stderr, freed.exists()) == (1, True, False)

    codes = ("--code-file", code, "--copy-code-file", other)
    made = run("trustee", "copy", "--share", own, *codes, "--out", copy, "--release", key)
    assert made.exit_code == 0, made.output
    kept = run("ceremony", "deposit", "medecins-2024", key, "--json")
    assert json.loads(kept.stdout) == {"ready": [{"board": "national", "member": "delegate-1"}]}
    assert "delegate-1" in run("ceremony", "deposit", "medecins-2024", key).stdout

    done = run("ceremony", "replace", *MEMBER, "--reason", "Malade.", "--out", freed)
    assert done.exit_code == 0, done.output
    told = json.loads(run("account", "list", "medecins-2024", "--json").stdout)
    assert [one["state"] for one in told] == ["disabled"]
    assert "file_exists" in run("ceremony", "replace", *MEMBER, "--reason", "Malade.", "--out", freed).stderr

    taken = run("trustee", "take", copy, "--release", freed, tmp_path / "mine", "--copy-code-file", other)
    assert taken.exit_code == 0, taken.output
    assert KeyShare.read(tmp_path / "mine" / "national-delegate-1.json", "le code du suppléant") == share
    wrong = run("trustee", "take", copy, "--release", freed, tmp_path / "wrong", "--copy-code-file", code)
    assert (wrong.exit_code, "share_locked" in wrong.stderr) == (1, True)
    assert not (tmp_path / "wrong").exists()
