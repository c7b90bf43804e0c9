"""A sealed roll is corrected by two members, with a reason, and sealed again in a chain; nobody loses a right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from isoloir import audit_log, board, lifecycle, roll_correction
from isoloir.errors import IsoloirError
from isoloir.roll import NewEntry, RollEntry, entries
from isoloir.sealing import roll_digest

LACK = "Oubliée par l’établissement."


def elector(number: int, **changes: Any) -> NewEntry:
    given = {"civility": "Dr", "last_name": f"NOM{number}", "first_name": "Alix", "email": f"a{number}@ch.example"}
    fields = {"fields": {"rpps": f"1000000000{number}"}}
    return NewEntry(**{**given, "mobile": "", "college": "ph", **fields, **changes})


@pytest.fixture
async def known(place: Any) -> Any:
    """The election of this folder, whose electors are known by their RPPS."""
    from isoloir.config.election import ElectionFile
    from isoloir.roll import add_entries

    file = place.election.model_dump(mode="json") | {
        "id": "known", "roll": {"fields": {"rpps": {"key": True, "normalise": "digits"}}}
    }  # fmt: skip
    for name in ("opens", "closes"):
        file["window"][name] = getattr(place.election.window, name)
    place.election = ElectionFile.model_validate(file)
    await add_entries(place.store, place.election, [elector(number) for number in range(5)])
    return place


def here(place: Any) -> tuple[Any, ...]:
    return place.store, place.keys, place.election, place.clock


async def propose(place: Any, *who: NewEntry, **changes: Any) -> roll_correction.Correction:
    given = {"by": "account-1", "reason": LACK, "entries": who, **changes}
    return await roll_correction.propose(*here(place), **given)


async def correct(place: Any, *who: NewEntry, **changes: Any) -> None:
    made = await propose(place, *who, **changes)
    await roll_correction.confirm(*here(place), by="account-2", number=made.number)


async def refusal(act: Any) -> str:
    with pytest.raises(IsoloirError) as caught:
        await act
    return caught.value.code


async def named(place: Any) -> dict[str, RollEntry]:
    return {one.last_name: one for one in await entries(place.store, place.election.id)}


async def sealed_digest(place: Any) -> str:
    seal = await lifecycle.seal_of(place.store, place.election.id)
    assert seal is not None
    return seal.roll


async def test_a_forgotten_elector_is_added_while_people_vote_and_votes(known: Any) -> None:
    """Two members add her; the roll is sealed again under the digest of what it holds, and the vote goes on."""
    await known.opened()
    before = await sealed_digest(known)
    made = await propose(known, elector(7))
    assert "NOM7" not in await named(known)
    assert await sealed_digest(known) == before
    assert [change.kind for change in made.changes] == ["added"]
    waits = await roll_correction.pending(known.store, known.keys, known.election)
    assert waits is not None
    assert (waits.number, waits.by, waits.reason) == (1, "account-1", LACK)
    assert [change.after.last_name for change in waits.changes if change.after] == ["NOM7"]
    await roll_correction.confirm(*here(known), by="account-2", number=1)
    after = await entries(known.store, known.election.id)
    assert await sealed_digest(known) == roll_digest(after) != before
    new = (await named(known))["NOM7"]
    assert (new.contests, bool(new.identifier)) == (("cspm",), True)
    assert await roll_correction.pending(known.store, known.keys, known.election) is None
    system, present = await board.present_seal(known.store, known.election, known.plugins)
    assert lifecycle.Seal(system.digest, present) == await lifecycle.seal_of(known.store, known.election.id)
    lines = {one.act: json.loads(one.details) for one in await audit_log.lines(known.store, known.election.id)}
    told = lines["roll_sealed_again"]
    assert (told["former"], told["roll_digest"]) == (before, roll_digest(after))
    assert (told["proposed_by"], told["account"]) == ("account-1", "account-2")
    assert (told["added"], told["reason"]) == (1, LACK)
    assert "NOM7" not in json.dumps(lines)


async def test_a_correction_keeps_id_and_identifier(known: Any) -> None:
    """A name or an ordinal number is put right under the same id; whoever is as the file says is left alone."""
    await known.opened()
    before = await named(known)
    await correct(known, elector(2, last_name="MARIÉE"), elector(3))
    after = await named(known)
    assert (after["MARIÉE"].id, after["MARIÉE"].identifier) == (before["NOM2"].id, before["NOM2"].identifier)
    assert after["NOM3"] == before["NOM3"]
    assert "NOM2" not in after


async def test_one_person_alone_corrects_nothing(known: Any) -> None:
    """The author cannot confirm, nobody confirms what was replaced, and nothing is confirmed twice."""
    await known.opened()
    first = await propose(known, elector(7))
    assert await refusal(roll_correction.confirm(*here(known), by="account-1", number=1)) == "correction_alone"
    second = await propose(known, elector(8), by="account-2")
    confirm = roll_correction.confirm
    assert await refusal(confirm(*here(known), by="account-3", number=first.number)) == "correction_gone"
    await confirm(*here(known), by="account-1", number=second.number)
    assert await refusal(confirm(*here(known), by="account-3", number=second.number)) == "correction_gone"
    assert {"NOM8"} == (await named(known)).keys() - {f"NOM{number}" for number in range(5)}


async def test_nobody_loses_a_right_while_people_vote(known: Any) -> None:
    """Electors are struck before the opening, and refused to be afterwards."""
    await known.sealed()
    await correct(known, elector(4), strike=True, reason="Radiation.")
    assert "NOM4" not in await named(known)
    assert (await known.rehearse()).passed
    await known.open()
    assert await refusal(propose(known, elector(3), strike=True)) == "correction_takes_right"
    assert "NOM3" in await named(known)


async def test_what_cannot_be_written_is_refused_whole(known: Any) -> None:
    """No reason, nothing to change, too many, a key missing, twice or unknown, no reserve, not sealed: by code."""
    assert await refusal(propose(known, elector(7))) == "correction_not_now"
    await known.opened()
    for who, changes, code in [
        ((elector(7),), {"reason": " "}, "reason_missing"),
        ((elector(7),), {"reason": "x" * 501}, "reason_too_long"),
        ((elector(1),), {}, "correction_empty"),
        ((), {}, "correction_empty"),
        (tuple(elector(7) for _ in range(roll_correction.MOST + 1)), {}, "correction_too_many"),
        ((elector(7, fields={}),), {}, "correction_key_missing"),
        ((elector(7), elector(7)), {}, "correction_twice"),
        ((elector(7),), {"strike": True}, "correction_unknown"),
        ((elector(7, college="nowhere"),), {}, "roll_college_unknown"),
        (tuple(elector(7, fields={"rpps": f"2000000000{n}"}) for n in range(6)), {}, "correction_reserve"),
    ]:
        assert await refusal(propose(known, *who, **changes)) == code
    assert len(await entries(known.store, known.election.id)) == 5
    assert await roll_correction.pending(known.store, known.keys, known.election) is None


async def test_a_stop_between_writing_and_sealing_is_made_good(known: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed once the roll is written, the seal follows as soon as somebody looks; twice changes nothing."""
    await known.opened()
    made = await propose(known, elector(7))
    with monkeypatch.context() as patched:

        async def stopped(*_: Any, **__: Any) -> None:
            raise RuntimeError("stopped")

        patched.setattr(lifecycle, "reseal_roll", stopped)
        with pytest.raises(RuntimeError):
            await roll_correction.confirm(*here(known), by="account-2", number=made.number)
    assert "NOM7" in await named(known)
    assert await refusal(propose(known, elector(8))) == "correction_not_now"
    for _ in range(2):
        await roll_correction.finish(known.store, known.election, known.clock)
        assert await sealed_digest(known) == roll_digest(await entries(known.store, known.election.id))
    acts = [line.act for line in await audit_log.lines(known.store, known.election.id)]
    assert acts.count("roll_sealed_again") == 1
    await correct(known, elector(8))


async def test_what_waits_is_kept_encrypted_and_forgotten_once_written(known: Any, raw: Any) -> None:
    """The database names no elector of a proposal; once confirmed nothing of it stays beside the roll."""
    await known.opened()
    made = await propose(known, elector(7))
    kept = str(raw("SELECT told, data FROM roll.roll_correction"))
    assert "NOM7" not in kept
    assert "10000000007" not in kept
    await roll_correction.confirm(*here(known), by="account-2", number=made.number)
    ((data,),) = raw("SELECT data FROM roll.roll_correction")
    assert bytes(data) == b""
