"""A substitute's copy of a share: the member's own index, of no use before the replacement is on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from isoloir import audit_log, substitute_copy
from isoloir.ceremony import hosting, substitutes
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.key_share import KeyShare
from isoloir.store import lifecycle_store
from isoloir.substitute_copy import Release

CODE = "le code du suppléant"
SHARE = KeyShare("trial", "uuid", "national", "d1", "Ed25519", "2" * 22, 3, 1234567890123456789)


def refusal_of(copy: Path, release: Release, code: str = CODE) -> str:
    with pytest.raises(IsoloirError) as caught:
        substitute_copy.take(copy, release, code)
    return caught.value.code


async def replacements(place: Any) -> list[Any]:
    """Return the replacements that the audit log tells."""
    lines = [line for line in await audit_log.lines(place.store, "trial") if line.act == "member_replaced"]
    return [json.loads(line.details) for line in lines]


def test_code_and_release_key_open_the_copy_together(tmp_path: Path) -> None:
    """With both the share comes back, whole; the wrong code or another copy's key opens nothing."""
    copy, other = tmp_path / "copy.json", tmp_path / "other.json"
    release = substitute_copy.make(SHARE, copy, CODE)
    assert substitute_copy.take(copy, release, CODE) == SHARE
    assert refusal_of(copy, release, CODE + "!") == "share_locked"
    foreign = substitute_copy.make(SHARE, other, CODE)
    assert refusal_of(copy, foreign) == "release_foreign"
    lying = tmp_path / "lying.json"
    lying.write_text(json.dumps({**json.loads(copy.read_text()), "release": foreign.digest}))
    lying.chmod(0o600)
    assert refusal_of(lying, foreign) == "share_locked"


def test_a_copy_and_its_key_are_private_files_that_name_no_secret(tmp_path: Path) -> None:
    """Both are their owner's alone; the copy holds neither the share nor the release key in a readable form."""
    copy, key = tmp_path / "copy.json", tmp_path / "release.json"
    release = substitute_copy.make(SHARE, copy, CODE)
    release.write(key)
    assert Release.read(key) == release
    assert copy.stat().st_mode & 0o777 == key.stat().st_mode & 0o777 == 0o600
    text = copy.read_text()
    assert SHARE.seed not in text
    assert str(SHARE.exponent) not in text
    assert release.to_json()["key"] not in text
    assert release.to_json()["key"] not in repr(release)


def test_a_copy_is_no_share(tmp_path: Path) -> None:
    """What reads shares refuses a copy, even with the substitute's code; and a share is no copy."""
    copy, share = tmp_path / "copy.json", tmp_path / "share.json"
    release = substitute_copy.make(SHARE, copy, CODE)
    SHARE.write(share, CODE)
    with pytest.raises(IsoloirError, match="share_unreadable"):
        KeyShare.read(copy, CODE)
    assert refusal_of(share, release) == "share_unreadable"
    assert refusal_of(tmp_path / "nobody.json", release) == "share_missing"


def test_only_a_complete_share_is_copied(tmp_path: Path) -> None:
    """A share that cannot decrypt yet has no copy, and no file is left."""
    unfinished = KeyShare("trial", "uuid", "national", "d1", "Ed25519", "2" * 22)
    with pytest.raises(IsoloirError, match="share_incomplete"):
        substitute_copy.make(unfinished, tmp_path / "copy.json", CODE)
    assert list(tmp_path.iterdir()) == []


async def test_a_recorded_replacement_frees_the_copy_which_opens_the_box(place: Any) -> None:
    """The substitute's share is the delegate's own index: with the secretary and another delegate it unseals."""
    await place.opened()
    copy = place.folder / "copy.json"
    made = substitute_copy.make(place.shares["d4"], copy, CODE)
    await substitutes.deposit(place.store, place.keys, place.election, made, place.clock)
    assert await substitutes.ready(place.store, place.election) == {("national", "d4")}
    assert await replacements(place) == []
    await place.vote(0, "a")
    await place.close()
    freed = await substitutes.replace(
        place.store, place.keys, place.election, "national", "d4", "Malade.", place.clock
    )
    again = await substitutes.replace(
        place.store, place.keys, place.election, "national", "d4", "Encore.", place.clock
    )
    assert freed == again == made
    share = substitute_copy.take(copy, freed, CODE)
    assert share == place.shares["d4"]
    results = await place.unseal("secretary", "d2", share.member)
    assert results.contest("cspm").counts.votes == {"a": 1, "b": 0}
    lines = [line for line in await audit_log.lines(place.store, "trial") if line.act == "member_replaced"]
    assert [json.loads(line.details) for line in lines] == [
        {"board": "national", "member": "d4", "reason": "Malade."}
    ]


async def test_a_new_ceremony_needs_a_record_of_its_own(place: Any) -> None:
    """What was replaced in a former ceremony frees nothing of the next one, and is recorded anew there."""
    everything = (place.store, place.keys, place.election)
    for number, reason in enumerate(("Malade.", "Toujours malade."), 1):
        await place.ceremony()
        made = substitute_copy.make(place.shares["d4"], place.folder / f"copy-{number}.json", CODE)
        await substitutes.deposit(*everything, made, place.clock)
        assert await substitutes.replace(*everything, "national", "d4", reason, place.clock) == made
        assert [one["reason"] for one in await replacements(place)] == ["Malade.", "Toujours malade."][:number]
        await hosting.restart(place.store, place.election, place.clock, "Une part perdue.")


async def test_nothing_is_freed_without_a_record_a_name_and_a_copy(place: Any) -> None:
    """No reason, no substitute in the file, no copy, another ceremony's key, an opened box: each refused by code."""
    await place.opened()
    everything = (place.store, place.keys, place.election)

    async def refused(member: str, reason: str) -> str:
        with pytest.raises(IsoloirError) as caught:
            await substitutes.replace(*everything, "national", member, reason, place.clock)
        return caught.value.code

    assert await refused("d4", "Malade.") == "release_missing"
    assert await refused("d1", "Malade.") == "substitute_unnamed"
    assert await refused("nobody", "Malade.") == "share_unexpected"
    made = substitute_copy.make(place.shares["d4"], place.folder / "copy.json", CODE)
    foreign = Release("elsewhere", made.board, made.member, made.key)
    with pytest.raises(IsoloirError, match="release_foreign"):
        await substitutes.deposit(*everything, foreign, place.clock)
    await substitutes.deposit(*everything, made, place.clock)
    assert await refused("d4", "  ") == "reason_missing"
    await place.close()
    await place.unseal()
    assert await refused("d4", "Malade.") == "lifecycle_order"
    assert await replacements(place) == []


async def test_the_election_keeps_the_release_key_encrypted(place: Any) -> None:
    """What the database holds says the key in no spelling; another instance's keys open nothing of it."""
    await place.ceremony()
    made = substitute_copy.make(place.shares["d4"], place.folder / "copy.json", CODE)
    await substitutes.deposit(place.store, place.keys, place.election, made, place.clock)
    ceremony = (await hosting.transcript(place.store, place.election)).plan.uuid
    async with place.store.read() as session:
        (kept,) = await lifecycle_store.facts(session, "trial", f"release/{ceremony}/national/d4")
    told = json.dumps(kept)
    assert made.to_json()["key"] not in told
    assert made.key.hex() not in told
    others = Keys.open(place.folder / "elsewhere")
    with pytest.raises(IsoloirError, match="decryption_failed"):
        await substitutes.replace(place.store, others, place.election, "national", "d4", "Malade.", place.clock)
    assert await replacements(place) == []
