"""One whole election, tallied once for the run: several boards, a lot, a contest without votes, twelve lists."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import rehearsal_kit

from isoloir import board, lifecycle, publication, registrar, remarks, unsealing
from isoloir.casting import Verifier, Voter, cast
from isoloir.ceremony import hosting, trial
from isoloir.counting import answer
from isoloir.instance import Instance
from isoloir.partials import Partials
from isoloir.roll import NewEntry, RollEntry, add_entries, contests_of, entries
from isoloir_ballots.ballot import make
from isoloir_ballots.election import Election
from isoloir_minutes import folder as papers_folder
from isoloir_minutes import signing
from isoloir_minutes.certificate import demonstration_signer
from isoloir_minutes.collect import collect
from isoloir_minutes.poll_book import PollBook
from isoloir_minutes.record import Record

ELECTION = "essai"
REHEARSED = "0123456789abcdef.pdf"
OF_REHEARSAL = b"%PDF-1.7 of a rehearsal"
CHOICES = {
    "cspm": ["avenir"] * 8 + ["union"] * 6 + ["voix"] * 3 + ["blank"] * 2,
    "egalite": ["pile", "face"] * 4 + ["blank"],
    "douze": [f"l{n}" for n in (1, 1, 1, 1, 2, 2, 2, 3, 3, 5, 7, 12, 12)],
}
"""What the voters of each contest choose, in the order of the roll; the others abstain."""
VOTERS = [
    ("Martin", "Alix", "ph"),
    ("d’Ornellas-Vasconcelos de la Tour du Pin", "Marie-Charlotte Anne-Sophie Bérengère", "ph"),
    ("Martin", "Alix", "ph"),
    ("Łukasiewicz", "Małgorzata", "ph"),
    ("Œuvrard", "Zoé", "hu"),
    *((f"Essai{n:02}", "Camille", "ph") for n in range(18)),
    *((f"Univ{n:02}", "Dominique", "hu") for n in range(5)),
]


async def _hold(folder: Path) -> None:
    """Lead the election from its file to its published results."""
    (folder / "elections" / ELECTION).mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("election.toml"), folder / "elections" / ELECTION)
    plugins = '["ordinal_check", "outbox", "password_sms"]'
    (folder / "isoloir.toml").write_text(f'base_url = "http://127.0.0.1:8000"\ndemo = true\nplugins = {plugins}\n')
    async with Instance.open(folder) as instance:
        store, election, clock = instance.store, instance.election(ELECTION), instance.clock
        at = election.window.opens
        clock.move_to(at - timedelta(days=20))
        await lifecycle.create(store, election, clock)
        new = [NewEntry("Dr", last, first, "x@ch.example", "", college) for last, first, college in VOTERS]
        await add_entries(store, election, new)
        clock.move_to(at - timedelta(days=16))
        documents, shares = trial.hold((await hosting.begin(store, election, clock)).plan)
        for document in documents:
            await hosting.add(store, election, document, clock)
        await board.make_keys(store, election, instance.secrets_folder, clock)
        await board.seal(store, election, instance.plugins, clock)
        clock.move_to(at - timedelta(days=12))
        archives = instance.archives_folder
        kept = archives / ELECTION / "rehearsals"
        kept.mkdir(parents=True)
        (kept / REHEARSED).write_bytes(OF_REHEARSAL)
        own = {"minutes": REHEARSED, "minutes_sha256": hashlib.sha256(OF_REHEARSAL).hexdigest()}
        await rehearsal_kit.rehearse(store, election, instance.plugins, shares, kept, clock, **own)
        clock.move_to(at - timedelta(hours=1))
        await board.open_vote(store, election, instance.plugins, clock)
        await remarks.add(
            store,
            election,
            clock,
            member="secretary",
            kind="event",
            text="Le site a été lent de 9 h à 9 h 40.\nAucun vote n’a été perdu.",
        )
        await _vote(instance)
        clock.move_to(election.window.grace_ends + timedelta(seconds=3))
        await board.close_vote(store, election, clock, instance.keys, instance.secrets_folder, archives)
        clock.move_to(election.window.grace_ends + timedelta(minutes=20))
        for share in shares:
            if share.member not in ("president", "delegate-1") or share.board == "regional":
                boxes = list(unsealing.boxes_of(election, archives, share.board).values())
                await unsealing.receive(store, election, archives, Partials.make(share, boxes))
        await unsealing.unseal(store, election, archives, clock, lots={"egalite": ["face", "pile"]})
        await lifecycle.publish_results(store, election, clock)
        await remarks.add(
            store, election, clock, member="president", board="national", kind="remark", text="Rien à signaler."
        )


async def _vote(instance: Instance) -> None:
    store, election, verifier = instance.store, instance.election(ELECTION), Verifier()
    everybody = await entries(store, ELECTION)
    for number, (contest, choices) in enumerate(CHOICES.items()):
        instance.clock.move_to(election.window.opens + timedelta(days=number, hours=5, minutes=17))
        setup = Election.parse((await publication.setup_bytes(store, ELECTION, contest))[0])
        may = [one for one in everybody if contest in {right.id for right in contests_of(election, one)}]
        for voter, choice in zip(_named(may), choices, strict=False):
            credential = await registrar.draw_credential(
                store, election, contest, keys_folder=instance.secrets_folder
            )
            ballot = make(setup, credential, answer(election.contest(contest), choice))
            who = Voter(voter.id, ELECTION, instance.clock.now())
            await cast(store, election, who, contest, ballot, instance.clock, verifier)


def _named(voters: list[RollEntry]) -> list[RollEntry]:
    return sorted(voters, key=lambda one: VOTERS.index((one.last_name, one.first_name, one.college)))


@pytest.fixture(scope="session")
def tallied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance whose election is tallied; nobody writes into it."""
    folder = tmp_path_factory.mktemp("instance")
    asyncio.run(_hold(folder))
    return folder


async def _collected(folder: Path) -> tuple[Record, PollBook]:
    async with Instance.open(folder) as instance:
        return await collect(instance, instance.election(ELECTION))


@pytest.fixture(scope="session")
def collected(tallied: Path) -> tuple[Record, PollBook]:
    """The record of that election, and its poll book."""
    return asyncio.run(_collected(tallied))


@pytest.fixture(scope="session")
def record(collected: tuple[Record, PollBook]) -> Record:
    """The record of that election."""
    return collected[0]


@pytest.fixture(scope="session")
def made(collected: tuple[Record, PollBook], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of papers, unsigned; nobody writes into it."""
    folder = tmp_path_factory.mktemp("papers")
    papers_folder.write(folder, *collected)
    return folder


@pytest.fixture
def papers(made: Path, tmp_path: Path) -> Path:
    """A copy of the papers, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "papers"))


@pytest.fixture(scope="session")
def signed_once(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same papers, signed as a demonstration; nobody writes into it."""
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("signed") / "papers"))
    at = papers_folder.open_record(folder).ended
    asyncio.run(signing.sign(folder, demonstration_signer(at), at))
    return folder


@pytest.fixture
def signed(signed_once: Path, tmp_path: Path) -> Path:
    """A copy of the signed papers, to be changed."""
    return Path(shutil.copytree(signed_once, tmp_path / "signed"))


@pytest.fixture
def archives(tallied: Path) -> Path:
    """Where the boxes' archives lie."""
    return tallied / "archives" / ELECTION
