"""A corrected file in the place of the roll; and whatever interrupts an import changes nothing."""

from __future__ import annotations

import asyncio
import io
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from isoloir import roll
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.roll import RollEntry
from isoloir.roll_import import Imported, import_roll, read_roll
from isoloir.roll_import.writing import write_roll
from isoloir.store import lifecycle_store, message_store
from isoloir.store.engine import Store
from isoloir.store.message_store import NewMessage

HEAD = "civilite;nom;prenom;courriel;mobile;rpps;numero_ordre;type_numero;college;scrutins"


def line(number: int, name: str = "Martin", contests: str = "cspm,csn") -> str:
    return f"Dr;{name};Alix;a{number}@chu.example;;{99700000000 + number};75/{number};ordre;ph;{contests}"


def file(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join((head, *lines)).encode()


async def by_rpps(store: Store, election: ElectionFile) -> dict[int, RollEntry]:
    found = await roll.entries(store, election.id)
    return {int(entry.fields["rpps"]) - 99700000000: entry for entry in found}


async def test_who_stays_keeps_the_identifier(store: Store, election: ElectionFile) -> None:
    """Unchanged, corrected, come and gone are counted; identifiers stay, and those of who left find nobody."""
    await import_roll(store, election, read_roll(file(line(1), line(2), line(3)), election))
    before = await by_rpps(store, election)
    corrected = read_roll(file(line(4), line(2, "Corrigé", "csn"), line(1)), election)
    done = await import_roll(store, election, corrected, in_place=True)
    assert (done, done.number) == (Imported(added=1, unchanged=1, changed=1, removed=1), 3)
    after = await by_rpps(store, election)
    assert after[1] == before[1]
    assert (after[2].id, after[2].identifier) == (before[2].id, before[2].identifier)
    assert (after[2].last_name, after[2].contests) == ("Corrigé", ("csn",))
    assert await roll.by_identifier(store, election, before[2].identifier) == after[2]
    assert await roll.by_identifier(store, election, before[3].identifier) is None
    assert await roll.by_key(store, election, "rpps", "99700000003") is None
    assert len({entry.identifier for entry in (*before.values(), after[4])}) == 4


async def test_what_waits_goes_to_who_is_on_the_roll_at_the_address_it_has_now(
    store: Store, election: ElectionFile
) -> None:
    """Who leaves is sent nothing more; who has another address may be invited again; all else waits as it did."""
    await import_roll(store, election, read_roll(file(line(1), line(2), line(3)), election))
    ids = {number: entry.id for number, entry in (await by_rpps(store, election)).items()}
    due = election.window.opens
    queued = [
        NewMessage(f"{template}/{ids[number]}", template, "email", ids[number], "", due, b"-")
        for number in ids
        for template in ("invitation", "reminder")
    ]
    async with store.write() as session:
        await message_store.add(session, election.id, queued)
        await message_store.settle(session, election.id, f"invitation/{ids[2]}", message_store.SENT, due=due)
    moved = line(2).replace("a2@", "b2@")
    await import_roll(store, election, read_roll(file(line(1), moved), election), in_place=True)
    async with store.write() as session:
        again = await message_store.add(session, election.id, queued)
        await message_store.remove(session, election.id, [f"{one}/{ids[3]}" for one in ("invitation", "reminder")])
        taken, _ = await message_store.claim(session, election.id, due, due, 10)
    assert again == 3, "both of who left, and the invitation of who moved"
    assert {one.key for one in taken} == {
        f"invitation/{ids[1]}", f"reminder/{ids[1]}", f"invitation/{ids[2]}", f"reminder/{ids[2]}"
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("in_place", [False, True])
async def test_import_waits_for_its_own_roll_alone(store: Store, election: ElectionFile, in_place: bool) -> None:
    """An import goes on while logins and messages are written, and waits for another import of the same roll."""
    async with store.write():
        assert (await import_roll(store, election, read_roll(file(line(1)), election))).number == 1
    async with store.write(roll_of=election.id):
        preview = read_roll(file(line(2)), election)
        importing = asyncio.create_task(import_roll(store, election, preview, in_place=in_place))
        assert not (await asyncio.wait([importing], timeout=1))[0]
    assert (await importing).added == 1


async def test_by_identifier_even_a_key_can_be_corrected(store: Store, election: ElectionFile) -> None:
    """An export with identifiers, its RPPS corrected and two of them exchanged, comes back as the same persons."""
    await import_roll(store, election, read_roll(file(line(1), line(2), line(3)), election))
    before = await by_rpps(store, election)
    out = io.StringIO()
    await write_roll(out, election, roll.each(store, election.id), with_identifiers=True)
    text = out.getvalue()
    for old, new in (("99700000001", "#"), ("99700000002", "99700000001"), ("#", "99700000002")):
        text = text.replace(old, new)
    text = text.replace("99700000003", "99700000030")
    done = await import_roll(store, election, read_roll(text.encode(), election), in_place=True)
    assert done == Imported(added=0, changed=3)
    after = await by_rpps(store, election)
    assert {number: entry.id for number, entry in after.items()} == {
        1: before[2].id, 2: before[1].id, 30: before[3].id,
    }  # fmt: skip
    assert await import_roll(store, election, read_roll(text.encode(), election), in_place=True) == Imported(
        added=0, unchanged=3
    )


async def test_identifiers_are_never_brought(store: Store, election: ElectionFile) -> None:
    """An identifier that was not drawn here is refused with its line, however the file is imported."""
    head = f"{HEAD};identifiant"
    brought = read_roll(file(f"{line(7)};", f"{line(8)};ABCDEFGH", head=head), election)
    for in_place in (False, True):
        with pytest.raises(IsoloirError) as raised:
            await import_roll(store, election, brought, in_place=in_place)
        assert (raised.value.code, raised.value.where["line"]) == ("roll_identifier_unknown", 3)
    assert await roll.count(store, election.id) == 0
    await import_roll(store, election, read_roll(file(line(1)), election))
    with pytest.raises(IsoloirError, match="roll_identifier_unknown"):
        await import_roll(store, election, brought)
    blank = read_roll(file(f"{line(7)};", head=head), election)
    assert await import_roll(store, election, blank) == Imported(added=1)


async def test_without_a_key_nothing_is_replaced(store: Store, election: ElectionFile) -> None:
    """Where neither the election has a key nor the file identifiers, nobody can be recognised: refused."""
    rpps = election.roll.fields["rpps"].model_copy(update={"key": False})
    fields = {**election.roll.fields, "rpps": rpps}
    keyless = election.model_copy(update={"roll": election.roll.model_copy(update={"fields": fields})})
    await import_roll(store, keyless, read_roll(file(line(1)), keyless))
    with pytest.raises(IsoloirError, match="roll_no_key"):
        await import_roll(store, keyless, read_roll(file(line(1)), keyless), in_place=True)
    assert await roll.count(store, keyless.id) == 1


@pytest.mark.parametrize("in_place", [False, True])
async def test_after_the_seal_nothing_is_imported(store: Store, election: ElectionFile, in_place: bool) -> None:
    """Once sealed an import is refused by name, whichever it is; before, both are done."""
    await import_roll(store, election, read_roll(file(line(1)), election))
    for state in ("draft", "configured", "keyed"):
        async with store.write("box") as session:
            await lifecycle_store.set_state(session, election.id, state)
        await import_roll(store, election, read_roll(file(line(1)), election), in_place=True)
    for state in ("sealed", "rehearsed", "open", "closed", "tallied", "published", "archived"):
        async with store.write("box") as session:
            await lifecycle_store.set_state(session, election.id, state)
        with pytest.raises(IsoloirError, match="roll_sealed"):
            await import_roll(store, election, read_roll(file(line(2)), election), in_place=in_place)
    assert list(await by_rpps(store, election)) == [1]


@pytest.mark.parametrize("in_place", [False, True])
async def test_a_cancelled_import_changes_nothing(store: Store, election: ElectionFile, in_place: bool) -> None:
    """Ctrl-C in the middle of writing: the roll is as before, and the next import is not locked out."""
    await import_roll(store, election, read_roll(file(line(1)), election))
    before = await by_rpps(store, election)
    many = read_roll(file(*(line(number) for number in range(2, 10_000))), election)
    task: asyncio.Task[Imported] | None = None

    def stop(done: int, total: int) -> None:
        assert total == 9_998
        if done >= 4_000 and task is not None:
            task.cancel()

    task = asyncio.create_task(import_roll(store, election, many, in_place=in_place, progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.settle()
    assert await by_rpps(store, election) == before
    assert (await import_roll(store, election, many)).added == 9_998


KILLED = """
import asyncio, os, pickle, signal, sys
from pathlib import Path
from isoloir.roll_import import import_roll, read_roll
from isoloir.store.engine import Store

async def main(database, election, roll, in_place):
    election = pickle.loads(Path(election).read_bytes())
    store = await Store.open(Path(database))
    def kill(done, total):
        if done * 2 > total:
            os.kill(os.getpid(), signal.SIGKILL)
    await import_roll(store, election, read_roll(Path(roll), election), in_place=in_place == "yes", progress=kill)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("in_place", ["no", "yes"])
async def test_a_killed_import_changes_nothing(tmp_path: Path, election: ElectionFile, in_place: str) -> None:
    """SIGKILL with half of the lines written: the roll is as before, whole, and is imported at the next try."""
    database, roll_file, file_of_election = tmp_path / "x.sqlite3", tmp_path / "r.csv", tmp_path / "e.pickle"
    file_of_election.write_bytes(pickle.dumps(election))
    roll_file.write_bytes(file(*(line(number) for number in range(2, 12_000))))
    store = await Store.open(database)
    await import_roll(store, election, read_roll(file(line(1)), election))
    before = await by_rpps(store, election)
    await store.close()
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", KILLED, database, file_of_election, roll_file, in_place],
        env=os.environ,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL
    store = await Store.open(database)
    assert await by_rpps(store, election) == before
    assert (await import_roll(store, election, read_roll(roll_file, election))).added == 11_998
    await store.close()
