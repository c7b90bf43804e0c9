"""Checking one ballot.

Peers: belenios-tool 3.0 (`election verify-ballot`, Ed25519) and 2.0 (`election verify`, BELENIOS-2048), on the very
same bytes. A question has ten answers and a blank choice, one of them to be chosen. Time is the processor's (user
and system) on one core. What a program needs to start and to read the setup is taken away by a difference: the tool
3.0 is given ballots of 10 and of 20 such questions, and the ten questions more are what counts; ours is measured in
the same way. 2.0 is given archives of 15 and 30 ballots. Of `--jobs`, the clock's time for 300 ballots more,
processes included.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kit import CACHE, Figure, Options, against, belenios3, child_processor, elapsed, interleaved, processor

from isoloir_ballots import ballot, credentials, trustees
from isoloir_ballots.archive import Archive
from isoloir_ballots.election import Election, Question
from isoloir_ballots.groups import PLAIN, named
from isoloir_ballots.verify import Setup, check_archive, check_ballot

TITLE = "Verification of a ballot"
QUESTION = Question("Quelle liste ?", tuple(f"Liste {letter}" for letter in "ABCDEFGHIJ"), 1, 1, blank=True)
UUID = "1soLoirBench12"
BELENIOS_3, BELENIOS_2 = "belenios-tool 3.0", "belenios-tool 2.0"


@dataclass(frozen=True)
class Box:
    """A folder with an archive of `UUID` and its ballots, one by one."""

    folder: Path
    files: tuple[bytes, bytes, bytes]
    ballots: list[bytes]

    @property
    def archive(self) -> Path:
        """The archive."""
        return self.folder / f"{UUID}.bel"


def box(name: str, group_name: str, questions: int, number: int, *, filled: bool) -> Box:
    """Make one: with `filled` the archive holds the ballots, else nothing but its setup."""
    folder = CACHE / name
    folder.mkdir(parents=True, exist_ok=True)
    group = named(group_name)
    key = trustees.KeyPair.generate(group, name="Présidence")
    election = Election(1, "", "Bench", group_name, group.serialise(key.entry.key), (QUESTION,) * questions, UUID)
    codes = [credentials.generate() for _ in range(number)]
    public = [credentials.public(group, UUID, code) for code in codes]
    files = (
        election.serialise(),
        trustees.serialise(group, [key.entry]),
        credentials.public_credentials_file(public),
    )
    votes = [[[int(choice == 1 + index % 10) for choice in range(11)]] * questions for index in range(number)]
    made = [ballot.make(election, code, vote) for code, vote in zip(codes, votes, strict=True)]
    (folder / f"{UUID}.bel").unlink(missing_ok=True)
    archive = Archive.create(folder / f"{UUID}.bel", *files, timestamp=1795471071)
    if filled:
        archive.add_ballots(sorted(made, key=ballot.tracker))
        archive.end_ballots()
    (folder / "ballot.json").write_bytes(made[0] + b"\n")
    return Box(folder, files, made)


def with_arithmetic(plain: bool, files: tuple[bytes, bytes, bytes]) -> Setup:
    """A setup whose group computes by libsodium (`plain`), or by ballots-fast."""
    os.environ[PLAIN] = "1" if plain else ""
    named.cache_clear()
    setup = Setup.load(*files)
    assert (setup.group.arithmetic == "libsodium") == plain, (
        "isoloir-ballots-fast is not installed: see `make install`"
    )
    return setup


def figures(options: Options) -> Iterator[Figure]:
    """See the module."""
    yield from _one_ballot(options)
    yield from _finite_field(options)
    yield from _several_processes(options)
    os.environ.pop(PLAIN)
    named.cache_clear()


def _one_ballot(options: Options) -> Iterator[Figure]:
    small, large = (box(f"questions-{number}", "Ed25519", number, 1, filled=False) for number in (10, 20))
    command = [belenios3(), "election", "verify-ballot", "--ballot", "ballot.json"]

    def ours(plain: bool) -> Callable[[], float]:
        setups = [(with_arithmetic(plain, one.files), one.ballots[0]) for one in (small, large)]

        def timer() -> float:
            ten, twenty = (processor(lambda one=one: check_ballot(*one)) for one in setups)
            return (twenty - ten) * 100

        for setup, data in setups:
            check_ballot(setup, data)  # its tables are made once
        return timer

    found = interleaved(
        options.rounds(25),
        {
            "peer": lambda: (child_processor(command, large.folder) - child_processor(command, small.folder)) * 100,
            "plain": ours(True),
            "fast": ours(False),
        },
    )
    what = "one ballot (10 answers and blank), Ed25519"
    yield against(f"{what}, libsodium", found["plain"], "ms", BELENIOS_3, found["peer"], least=1.4)
    yield against(f"{what}, ballots-fast", found["fast"], "ms", BELENIOS_3, found["peer"], least=3.5)


def _finite_field(options: Options) -> Iterator[Figure]:
    few, many = (box(f"field-{number}", "BELENIOS-2048", 1, number, filled=True) for number in (15, 30))
    command = ["/usr/bin/belenios-tool", "election", "verify"]
    setup = Setup.load(*many.files)
    check_ballot(setup, many.ballots[0])
    found = interleaved(
        options.rounds(7),
        {
            "peer": lambda: (
                (child_processor(command, many.folder) - child_processor(command, few.folder)) * 1000 / 15
            ),
            "ours": lambda: processor(lambda: [check_ballot(setup, one) for one in many.ballots[:15]]) * 1000 / 15,
        },
    )
    yield against("one ballot, BELENIOS-2048, GMP", found["ours"], "ms", BELENIOS_2, found["peer"])


def _several_processes(options: Options) -> Iterator[Figure]:
    few, many = (box(f"jobs-{number}", "Ed25519", 1, number, filled=True) for number in (100, 400))
    for plain in (True, False):
        library = with_arithmetic(plain, few.files).group.arithmetic

        def timer(jobs: int) -> Callable[[], float]:
            def both() -> float:
                long, short = (elapsed(lambda one=one: check_archive(one.archive, jobs=jobs)) for one in (many, few))
                return long - short

            return both

        found = interleaved(options.rounds(5), {"one": timer(1), "two": timer(2)})
        yield against(f"300 ballots with --jobs 2, {library}", found["two"], "s", "--jobs 1", found["one"])
