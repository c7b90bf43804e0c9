"""Putting a preview on the roll, whole or not at all: added to it, or in its place."""

from __future__ import annotations

from asyncio import CancelledError, Event
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir import roll
from isoloir.config.election import ElectionFile
from isoloir.errors import IsoloirError
from isoloir.roll import NewEntry, RollEntry
from isoloir.roll_import.columns import IDENTIFIER
from isoloir.roll_import.preview import Preview, Progress
from isoloir.roll_import.spool import Sorted, Spool
from isoloir.store import message_store, roll_store
from isoloir.store.engine import Store

_BATCH = 2_000


@dataclass(frozen=True)
class Imported:
    """What an import did to the roll: how many electors came, stayed as they were, were corrected, left."""

    added: int
    unchanged: int = 0
    changed: int = 0
    removed: int = 0

    @property
    def number(self) -> int:
        """How many the file put on the roll."""
        return self.added + self.unchanged + self.changed


async def import_roll(
    store: Store,
    election: ElectionFile,
    preview: Preview,
    *,
    in_place: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Put a preview on the roll, all or nothing: in one transaction, so that whatever interrupts it changes nothing.

    Added to what the roll holds; or, `in_place`, instead of it: whoever is the same person by the file's identifier
    (by the first key of the election's file, where it has no such column) keeps id and identifier, and the
    identifiers of those who leave are good for nothing, and what waits to be sent to them is withdrawn. Whoever has
    another e-mail address than before is invited again, there, by the next `invite`.
    Raises IsoloirError: ``roll_has_errors``, ``roll_sealed``, ``roll_already_there`` (somebody whom the roll holds;
    with how many, and the first line), ``roll_identifier_unknown`` (an identifier that was not drawn here),
    ``roll_no_key`` (nothing tells who is the same person).
    """
    if preview.errors:
        number = sum(preview.error_counts.values())
        raise IsoloirError("roll_has_errors", number=number, line=preview.errors[0].line)
    stopped = Event()

    def go_on(done: int) -> None:
        if stopped.is_set():
            raise IsoloirError("roll_interrupted", election=election.id)
        if progress:
            progress(done, len(preview.entries))

    work = _replaced if in_place else _added
    try:
        return await store.kept(work(store, election, preview, go_on))
    except CancelledError:
        # The transaction ends at its next batch, undone: a driver cut short would keep the write lock.
        stopped.set()
        raise


async def _added(store: Store, election: ElectionFile, preview: Preview, progress: roll.Progress) -> Imported:
    entries = preview.entries
    made = _sorted(roll.made(election, entries))
    keys = [name for name, declared in election.roll.fields.items() if declared.key]
    there, brought = _Lines(), _Lines()
    async with store.write(roll_of=election.id) as session:
        await roll.demand_unsealed(session, election)
        if preview.identified or await roll_store.count(session, election.id):
            for batch, lines in _batches(entries):
                known = await _known(session, election, IDENTIFIER, batch)
                brought.note(
                    lines, [bool(entry.identifier) and not held for entry, held in zip(batch, known, strict=True)]
                )
                for key in keys:
                    held_too = await _known(session, election, key, batch)
                    known = [one or other for one, other in zip(known, held_too, strict=True)]
                there.note(lines, known)
        brought.refuse("roll_identifier_unknown", election)
        there.refuse("roll_already_there", election)
        return Imported(await roll.write_entries(session, election, made, progress))


async def _known(session: AsyncSession, election: ElectionFile, key: str, batch: Sequence[NewEntry]) -> list[bool]:
    """Say of each whether the roll holds somebody with the same value."""
    values = [_value(election, key, entry) for entry in batch]
    known = await roll_store.with_keys(session, election.id, key, [one for one in values if one])
    return [one in known for one in values]


async def _replaced(store: Store, election: ElectionFile, preview: Preview, progress: roll.Progress) -> Imported:
    key = IDENTIFIER if preview.identified else roll.first_key(election)
    stay = Sorted(_id)
    come = Spool(NewEntry)
    unknown = _Lines()
    unchanged = 0
    async with store.write(roll_of=election.id) as session:
        await roll.demand_unsealed(session, election)
        before = await roll_store.count(session, election.id)
        for batch, lines in _batches(preview.entries):
            values = [_value(election, key, entry) for entry in batch]
            former = await _former(session, election, key, values)
            if key == IDENTIFIER:
                unknown.note(lines, [bool(one) and one not in former for one in values])
            readdressed = []
            for new, value in zip(batch, values, strict=True):
                old = former.get(value)
                if old is None:
                    come.add(new)
                else:
                    kept = roll.corrected(election, old, new)
                    unchanged += kept == old
                    stay.add(kept)
                    if kept.email != old.email:
                        readdressed.append(kept.id)
            await message_store.forget(session, election.id, "invitation", readdressed)
        unknown.refuse("roll_identifier_unknown", election)
        await roll_store.clear(session, election.id)
        await roll.write_entries(session, election, stay, progress)
        # After those who stay, so that what is drawn is none of theirs.
        new_ones = _sorted(roll.made(election, come))
        await roll.write_entries(session, election, new_ones, lambda done: progress(len(stay) + done))
        await message_store.withdraw_absent(session, election.id)
    return Imported(len(come), unchanged, len(stay) - unchanged, before - len(stay))


def _sorted(entries: Iterable[RollEntry]) -> Sorted:
    """Return entries in the order in which they are written fastest."""
    by_id = Sorted(_id)
    for entry in entries:
        by_id.add(entry)
    return by_id


def _id(entry: RollEntry) -> str:
    return entry.id


async def _former(
    session: AsyncSession, election: ElectionFile, key: str, values: Iterable[str]
) -> dict[str, RollEntry]:
    """Return those on the roll who have these values, by value."""
    known = await roll_store.with_keys(session, election.id, key, [one for one in values if one])
    entries = await roll_store.with_ids(session, election.id, [*known.values()])
    return {value: entries[entry] for value, entry in known.items()}


def _value(election: ElectionFile, key: str, entry: NewEntry) -> str:
    if key == IDENTIFIER:
        return entry.identifier
    return roll.key_value(election, key, entry)


def _batches(entries: Spool[NewEntry]) -> Iterator[tuple[list[NewEntry], list[int]]]:
    rest: Iterator[NewEntry] = iter(entries)
    lines = iter(entries.lines)
    while batch := list(islice(rest, _BATCH)):
        yield batch, list(islice(lines, _BATCH))


class _Lines:
    """How many lines something is wrong with, and the first of them."""

    def __init__(self) -> None:
        self._number = 0
        self._first = 0

    def note(self, lines: Sequence[int], wrong: Sequence[bool]) -> None:
        found = [line for line, is_wrong in zip(lines, wrong, strict=True) if is_wrong]
        if found and not self._number:
            self._first = found[0]
        self._number += len(found)

    def refuse(self, code: str, election: ElectionFile) -> None:
        if self._number:
            raise IsoloirError(code, number=self._number, line=self._first, election=election.id)
