"""A board that acts by the command line alone, each member from files of their own, as on computers apart."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from isoloir import unsealing
from isoloir.config.board import Board
from isoloir.config.election import ElectionFile
from isoloir.partials import Box, Partials
from isoloir_ballots import tally
from isoloir_ballots.errors import VerificationError

_PROGRAM = Path(sys.executable).with_name("isoloir")


class CommandFailed(RuntimeError):
    """A command ended otherwise than with 0; says which, and what it told."""


class Members:
    """The members of every board of one election, each with a folder; `instance` is the organiser's."""

    def __init__(self, election: ElectionFile, instance: Path, folder: Path) -> None:
        self.election = election
        self._instance = instance
        self._folder = folder
        self._all = [(name, member) for name, board in election.boards.items() for member in board.holders]
        for one in self._all:
            self._of(one).mkdir(mode=0o700, parents=True)
            (self._of(one) / "code").write_text(secrets.token_urlsafe(12), encoding="utf-8")

    async def hold_ceremony(self) -> None:
        """Hold the key ceremony, round by round, until every share is complete."""
        await self.organiser("ceremony", "begin", self.election.id)
        rounds = 0
        while waiting := (await self.organiser("ceremony", "show", self.election.id))["due"]:
            rounds += 1
            transcript = await self._transcript(rounds)
            due = [(one["board"], one["member"]) for one in waiting]
            made = await asyncio.gather(*(self._act(one, transcript) for one in due))
            await self.organiser("ceremony", "add", self.election.id, *(told["document"] for told in made))
        transcript = await self._transcript(rounds + 1)
        await asyncio.gather(*(self._act(one, transcript) for one in self._all))

    async def rehearse(self) -> dict[str, Any]:
        """Hold the rehearsal, every member decrypting; return its record."""
        await self.organiser("election", "rehearse", "begin", self.election.id)
        folder = self._instance / "archives" / self.election.id / "rehearsals"
        files = await self.decrypt(self._all, sorted(folder.glob("*.bel")), "rehearsal")
        await self.organiser("election", "rehearse", "add", self.election.id, *files)
        record: dict[str, Any] = await self.organiser("election", "rehearse", "finish", self.election.id)
        return record

    async def decrypt(self, members: Iterable[tuple[str, str]], archives: Sequence[Path], name: str) -> list[Path]:
        """Have members decrypt what is theirs among these archives, once they have compared the totals' digests."""
        boxes = {path: Box.read(path) for path in archives}
        return await asyncio.gather(*(self._decrypt(one, boxes, name) for one in members))

    async def unseal(self, archives: Path) -> tuple[int, list[str]]:
        """Decrypt the closed boxes, and hand in what the last members of each group decrypted: just enough.

        Every member decrypts; then every subset of each board is tried on each box, without the server. Returns how
        many were tried, and those that open a box or not against the rule.
        """
        files = dict(
            zip(self._all, await self.decrypt(self._all, sorted(archives.glob("*.bel")), "total"), strict=True)
        )
        tried, wrong = 0, []
        for contest in self.election.contests:
            board, box = self.election.boards[contest.board], Box.read(archives / f"{contest.id}.bel")
            mine = partials_of((path for (name, _), path in files.items() if name == contest.board), box.uuid)
            tried += 2 ** len(board.holders)
            wrong += [f"{contest.id}: {one}" for one in await asyncio.to_thread(subsets_that_err, board, box, mine)]
        for name, board in self.election.boards.items():
            last = [member for group in board.groups for member in group.members[-group.at_least :]]
            await self.organiser("tally", "add", self.election.id, *(files[name, member] for member in last))
        return tried, wrong

    async def organiser(self, *arguments: str | Path) -> Any:
        """Run a command on the instance and return what it told."""
        return await _run("--instance", self._instance, *arguments)

    def shares(self, board: str) -> list[Path]:
        """Return where a board's shares lie."""
        return [self._share((board, member)) for member in self.election.boards[board].holders]

    def _of(self, one: tuple[str, str]) -> Path:
        return self._folder / "-".join(one)

    def _share(self, one: tuple[str, str]) -> Path:
        return self._of(one) / f"{'-'.join(one)}.json"

    async def _transcript(self, number: int) -> Path:
        path = self._folder / f"transcript-{number}.json"
        await self.organiser("ceremony", "export", self.election.id, path)
        return path

    async def _act(self, one: tuple[str, str], transcript: Path) -> Any:
        code = ("--code-file", self._of(one) / "code")
        if self._share(one).exists():
            return await _run("trustee", "continue", transcript, "--share", self._share(one), *code)
        board, member = one
        return await _run("trustee", "new", transcript, "--board", board, "--member", member, self._of(one), *code)

    async def _decrypt(self, one: tuple[str, str], boxes: Mapping[Path, Box], name: str) -> Path:
        titles = {contest.title.fr for contest in self.election.contests if contest.board == one[0]}
        mine = [path for path, box in boxes.items() if box.setup.election.name in titles]
        out = self._of(one) / f"{name}.json"
        totals = [argument for path in mine for argument in ("--total", boxes[path].digest)]
        code = ("--code-file", self._of(one) / "code")
        await _run("trustee", "decrypt", "--share", self._share(one), "--out", out, *totals, *mine, *code)
        return out


def subsets_that_err(board: Board, box: Box, given: Mapping[str, bytes]) -> list[str]:
    """Try every subset of a board's members on a closed box; return those that open it or not against the rule.

    Every minimal qualified set must give the same result, and no unqualified one any.
    """
    whole = tally.result(box.setup, box.total, unsealing.enough(board, given))
    wrong = []
    for size in range(len(given) + 1):
        for present in combinations(given, size):
            numbered = [(board.holders.index(member) + 1, given[member]) for member in present]
            try:
                opened = tally.result(box.setup, box.total, numbered) == whole
            except VerificationError:
                opened = False
            if opened != board.met(present):
                wrong.append("+".join(present) or "nobody")
    return wrong


def partials_of(files: Iterable[Path], uuid: str) -> dict[str, bytes]:
    """Return what members decrypted of one box, by member."""
    return {one.member: one.boxes[uuid] for one in map(Partials.read, files) if uuid in one.boxes}


async def _run(*arguments: str | Path) -> Any:
    """Run one command in a process of its own and return what it told."""
    texts = [str(argument) for argument in arguments]
    process = await asyncio.create_subprocess_exec(
        _PROGRAM,
        *texts,
        "--json",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, complaint = await process.communicate()
    if process.returncode:
        raise CommandFailed(f"isoloir {' '.join(texts)}: {complaint.decode()}")
    return json.loads(told)
