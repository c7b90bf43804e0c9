"""The lifecycle: no arrow skipped, each condition demanded, every act in the log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from isoloir import audit_log, lifecycle, publication, roll
from isoloir.clock import ShiftedClock
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import Keys
from isoloir.errors import IsoloirError
from isoloir.lifecycle import Phase, State
from isoloir.store import lifecycle_store
from isoloir.store.engine import Store

PROVED = {"proved": {"national": ["president"]}}
ORDERS = {name: ["list-2", "list-0", "list-1"] for name in ("cspm", "csn")}


async def code_of(act: Any) -> str:
    with pytest.raises(IsoloirError) as raised:
        await act
    return raised.value.code


class Board:
    """The acts, each ready to be done once."""

    def __init__(self, store: Store, election: ElectionFile, clock: ShiftedClock, keys: Keys, folder: Path) -> None:
        self.store, self.election, self.clock, self.keys, self.folder = store, election, clock, keys, folder
        self.here = (store, election, clock)

    def acts(self) -> dict[str, Callable[[], Any]]:
        here = self.here
        return {
            "configured": lambda: lifecycle.create(*here),
            "keyed": lambda: lifecycle.key(*here),
            "sealed": lambda: lifecycle.seal(*here, system_digest="s", roll_digest="r", display_orders=ORDERS),
            "rehearsed": lambda: lifecycle.rehearsed(*here, system_digest="s", passed=True, record=PROVED),
            "open": lambda: lifecycle.open_(*here, system_digest="s", roll_digest="r"),
            "closed": lambda: lifecycle.close(*here, self.keys, self.folder / "secrets"),
            "tallied": lambda: lifecycle.tallied(*here, {"ballots": 0}),
            "published": lambda: lifecycle.publish_results(*here),
            "archived": lambda: lifecycle.archive(*here),
        }


@pytest.fixture
async def board(
    store: Store, election: ElectionFile, clock: ShiftedClock, keys: Keys, tmp_path: Path, make_elector: Any
) -> Board:
    await roll.add_entries(store, election, [make_elector(n) for n in range(3)])
    return Board(store, election, clock, keys, tmp_path)


async def test_no_arrow_is_skipped(board: Board, setups: Any) -> None:
    """From every state each act but the next one is refused and changes nothing; the next one is done and logged."""
    order = list(board.acts())
    for number, wanted in enumerate(order):
        before = await lifecycle.state(board.store, board.election.id)
        if wanted == "keyed":
            await setups(board.store, board.election, board.folder)
        if wanted == "closed":
            board.clock.move_to(board.election.window.grace_ends)
        for other in order:
            if other not in (wanted, "rehearsed") or (other == "rehearsed" and number not in (3, 4)):
                assert await code_of(board.acts()[other]()) in ("lifecycle_order", "rehearsal_missing"), other
        assert await lifecycle.state(board.store, board.election.id) is before
        await board.acts()[wanted]()
        assert (await lifecycle.state(board.store, board.election.id)).value == wanted
    told = [line.act for line in await audit_log.lines(board.store, board.election.id)]
    assert told == [
        "configured",
        "keyed",
        "sealed",
        "rehearsed",
        "opened",
        "box_published",
        "box_published",
        "closed",
        "tallied",
        "published",
        "archived",
    ]
    assert (await audit_log.verify(board.store)).holds


async def test_keys_need_voters_pools_and_setups(
    store: Store, election: ElectionFile, clock: ShiftedClock, tmp_path: Path, setups: Any, make_elector: Any
) -> None:
    """Without voters, pool or setup the checklist names each lack by contest; with all of them it is empty."""
    await lifecycle.create(store, election, clock)
    lacking = await lifecycle.missing(store, election, State.KEYED, clock)
    assert sorted({error.code for error in lacking}) == ["contest_without_voters", "pool_missing", "setup_missing"]
    assert {error.where["contest"] for error in lacking} == {"cspm", "csn"}
    await roll.add_entries(store, election, [make_elector(n) for n in range(3)])
    await setups(store, election, tmp_path)
    assert await lifecycle.missing(store, election, State.KEYED, clock) == []
    await roll.add_entries(store, election, [make_elector(n) for n in range(3, 20)])
    assert await code_of(lifecycle.key(store, election, clock)) == "pool_too_small"


async def sealed(board: Board, setups: Any) -> None:
    await board.acts()["configured"]()
    await setups(board.store, board.election, board.folder)
    await board.acts()["keyed"]()
    await board.acts()["sealed"]()


_BALLOT = "(election, contest, credential, tracker, ballot) VALUES ('{e}', 'csn', 'c', 't', '')"
_MARK = "(election, contest, entry, hour) VALUES ('{e}', 'csn', 'x', '2024-06-11 09:00:00')"


@pytest.mark.parametrize(
    "row", [f"box.box_waiting {_BALLOT}", f"box.box_published {_BALLOT}", f"roll.poll_book {_MARK}"]
)
async def test_nothing_opens_over_a_ballot_or_a_mark(board: Board, setups: Any, raw: Any, row: str) -> None:
    """A ballot, waiting or published, or a mark of the poll book keeps the vote shut; its twin, nothing, does not."""
    await sealed(board, setups)
    await board.acts()["rehearsed"]()
    assert await lifecycle.missing(*board.here[:2], State.OPEN, board.clock, system_digest="s", roll_digest="r") == []
    raw("INSERT INTO " + row.replace("{e}", board.election.id))
    assert await code_of(board.acts()["open"]()) == "box_not_empty"
    assert await lifecycle.state(board.store, board.election.id) is State.REHEARSED


async def test_the_log_tells_that_the_box_was_empty(board: Board, setups: Any) -> None:
    """Opening records, by contest, no ballot, no mark, no publication, and the hash of the empty list."""
    await sealed(board, setups)
    await board.acts()["rehearsed"]()
    await board.acts()["open"]()
    told = json.loads((await audit_log.lines(board.store, board.election.id))[-1].details)
    empty = {"ballots": 0, "marks": 0, "publications": 0, "hash": hashlib.sha256(b"").hexdigest()}
    assert told["boxes"] == {"cspm": empty, "csn": empty}


async def test_opening_needs_a_passed_rehearsal_under_the_same_system(board: Board, setups: Any) -> None:
    """None, a failed one, one under another system, a changed roll: each is refused by name; the sound one opens."""
    await sealed(board, setups)

    def opened(system: str = "s", roll_digest: str = "r") -> Any:
        return lifecycle.open_(*board.here, system_digest=system, roll_digest=roll_digest)

    def rehearse(passed: bool) -> Any:
        return lifecycle.rehearsed(*board.here, system_digest="s", passed=passed, record=PROVED)

    assert await code_of(opened()) == "rehearsal_missing"
    await rehearse(False)
    assert await lifecycle.state(board.store, board.election.id) is State.SEALED
    assert await code_of(opened()) == "rehearsal_failed"
    await rehearse(True)
    assert await code_of(opened("changed")) == "rehearsal_outdated"
    assert await code_of(opened(roll_digest="changed")) == "seal_broken"
    await rehearse(False)
    assert await code_of(opened()) == "rehearsal_failed"
    await rehearse(True)
    board.clock.move_to(board.election.window.closes)
    assert await code_of(opened()) == "window_over"
    board.clock.move_to(board.election.window.closes - timedelta(hours=1))
    await opened()
    assert await lifecycle.state(board.store, board.election.id) is State.OPEN


async def test_broken_seal_goes_back_to_configured(board: Board, setups: Any) -> None:
    """Breaking the seal removes setups and pools, voids the digests, and asks for new keys; an open one stays."""
    await sealed(board, setups)
    assert await lifecycle.seal_of(board.store, board.election.id) == lifecycle.Seal("s", "r")
    assert await lifecycle.display_order(board.store, board.election, "csn") == ("list-2", "list-0", "list-1")
    await lifecycle.break_seal(*board.here, reason="liste corrigée")
    assert await lifecycle.state(board.store, board.election.id) is State.CONFIGURED
    assert await lifecycle.seal_of(board.store, board.election.id) is None
    assert await code_of(publication.setup_bytes(board.store, board.election.id, "cspm")) == "setup_missing"
    assert {e.code for e in await lifecycle.missing(board.store, board.election, State.KEYED, board.clock)} == {
        "pool_missing",
        "setup_missing",
    }
    await setups(board.store, board.election, board.folder)
    for act in ("keyed", "sealed", "rehearsed", "open"):
        await board.acts()[act]()
    assert await code_of(lifecycle.break_seal(*board.here, reason="trop tard")) == "lifecycle_order"


async def test_seal_needs_every_list_in_the_order(board: Board, setups: Any) -> None:
    """An order that leaves a list out, or names one twice, does not seal."""
    await board.acts()["configured"]()
    await setups(board.store, board.election, board.folder)
    await board.acts()["keyed"]()
    for bad in ([], ["list-0", "list-1"], ["list-0", "list-1", "list-1"]):
        orders = {**ORDERS, "csn": bad}
        act = lifecycle.seal(*board.here, system_digest="s", roll_digest="r", display_orders=orders)
        assert await code_of(act) == "display_order_missing"


async def test_roll_is_sealed_again_in_a_chain(board: Board, setups: Any) -> None:
    """A correction of the roll keeps the former digest in the log, and opening asks for the new one."""
    await sealed(board, setups)
    await lifecycle.reseal_roll(*board.here, roll_digest="r2", reason="radiation")
    await board.acts()["rehearsed"]()
    assert await code_of(board.acts()["open"]()) == "seal_broken"
    await lifecycle.open_(*board.here, system_digest="s", roll_digest="r2")
    line = next(
        line for line in await audit_log.lines(board.store, board.election.id) if line.act == "roll_sealed_again"
    )
    assert '"former":"r"' in line.details


async def test_sealed_roll_takes_nobody_more(board: Board, setups: Any, make_elector: Any) -> None:
    """Entries are added until the keys are made and refused once sealed."""
    await sealed(board, setups)
    assert await code_of(roll.add_entries(board.store, board.election, [make_elector(9)])) == "roll_sealed"
    assert await roll.count(board.store, board.election.id) == 3


async def test_freeze_waits_for_the_grace(open_with: Any) -> None:
    """The box is not frozen before the grace is over; then it is, with seeds and leases gone."""
    opened = await open_with(3)
    await opened.cast(0, await opened.fresh())
    await opened.credential()
    seeds = list((opened.folder / "secrets").glob("*.seed"))
    assert len(seeds) == 2
    opened.clock.move_to(opened.election.window.grace_ends - timedelta(seconds=60))
    act = lifecycle.close(opened.store, opened.election, opened.clock, opened.keys, opened.folder / "secrets")
    assert await code_of(act) == "grace_not_over"
    assert all(seed.exists() for seed in seeds)
    await opened.close()
    assert not any(seed.exists() for seed in seeds)
    assert await opened.store.leases.lent(opened.election.id, "cspm", opened.clock.now()) == set()
    assert await code_of(opened.credential()) == "box_frozen"
    await lifecycle.finish_closing(opened.store, opened.election, opened.folder / "secrets")


async def test_unbalanced_box_does_not_close(open_with: Any, raw: Any) -> None:
    """A poll book with one entry more than the box has ballots stops the freeze, which changes nothing."""
    opened = await open_with(3)
    await opened.cast(0, await opened.fresh())
    entry = opened.voters[1].entry_id
    raw(f"INSERT INTO roll.poll_book VALUES ('essai-2024', 'cspm', '{entry}', '2024-06-11 09:00:00+00:00')")  # noqa: S608
    assert await code_of(opened.close()) == "box_unbalanced"
    assert await lifecycle.state(opened.store, opened.election.id) is State.OPEN
    assert (await publication.box(opened.store, opened.election.id, "cspm")).number == 0


@pytest.mark.parametrize(
    ("state", "hours", "phase"),
    [
        ("draft", -1, Phase.NOT_READY),
        ("keyed", -1, Phase.NOT_READY),
        ("sealed", -1, Phase.BEFORE),
        ("rehearsed", -1, Phase.BEFORE),
        ("open", -1, Phase.BEFORE),
        ("rehearsed", 1, Phase.NOT_READY),
        ("open", 0, Phase.OPEN),
        ("open", 1, Phase.OPEN),
        ("open", 176, Phase.GRACE),
        ("open", 176.49, Phase.GRACE),
        ("open", 176.5, Phase.ENDED),
        ("closed", 176.6, Phase.ENDED),
        ("tallied", 180, Phase.ENDED),
        ("published", 180, Phase.COUNTED),
        ("archived", 999, Phase.COUNTED),
    ],
)
async def test_phase_is_state_and_clock(
    store: Store, election: ElectionFile, clock: ShiftedClock, state: str, hours: float, phase: Phase
) -> None:
    """Neither the clock alone nor the state alone opens the vote."""
    async with store.write("box") as session:
        await lifecycle_store.set_state(session, election.id, state)
    clock.move_to(election.window.opens + timedelta(hours=hours))
    assert await lifecycle.phase(store, election, clock) is phase
