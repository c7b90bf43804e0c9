"""A server that is killed while the board makes its keys, rehearses, closes and unseals: each act is done again."""

import hashlib
import shutil
import tomllib
from collections import Counter
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from kill_kit import Lives, rehearsals

from isoloir import audit_log, lifecycle, publication, registrar, rehearsal, unsealing
from isoloir.casting import Verifier, Voter, cast
from isoloir.ceremony import hosting, trial
from isoloir.counting import answer
from isoloir.errors import IsoloirError
from isoloir.instance import Instance
from isoloir.partials import Box, Partials
from isoloir.roll import NewEntry, add_entries, entries
from isoloir.store import lifecycle_store, preparation
from isoloir.store.postgresql import Address
from isoloir_ballots.ballot import make
from isoloir_ballots.election import Election

ELECTION, CONTEST = "essai", "cspm"
TRIED = ("secretary", "delegate-2")
"""Whose documents are killed, in every round: one member of each group."""
UNSEALING = ("secretary", "delegate-2", "delegate-4")
REHEARSED = ("president", "secretary", "delegate-1", "delegate-2", "delegate-3", "delegate-4")


class Board:
    """An instance whose acts are led one after the other; each is killed in copies of the instance beforehand."""

    def __init__(self, folder, lives, cluster=None):
        self.folder, self._copies, self._cluster = folder / "instance", folder / "copies", cluster
        self.live = lives.live
        self.kills, self._numbers = Counter(), count()
        (self.folder / "elections" / ELECTION).mkdir(parents=True)
        shutil.copy(Path(__file__).with_name("board.toml"), self.folder / "elections" / ELECTION / "election.toml")
        settle(self.folder, cluster.url() if cluster else "")

    @contextmanager
    def copy(self, source):
        """An instance as it is, database and all, in a folder of its own until the block ends."""
        folder = self._copies / str(next(self._numbers))
        shutil.copytree(source, folder)
        former = database_of(source)
        if former:
            url = self._cluster.new()
            names = Address.of(url).database, Address.of(former).database
            self._cluster.administer('CREATE DATABASE "{}" TEMPLATE "{}"'.format(*names))
            for statement in preparation.plan(Address.of(url)).doors:  # not copied from the template
                self._cluster.administer(statement)
            settle(folder, url)
        yield folder
        shutil.rmtree(folder)
        if former:
            self._cluster.drop(url)

    async def act(self, act, given=None, *, goal="", refusal="lifecycle_order", killed=True):
        """Do it. In copies of what was before: kill it at each of its points, do it again; all must end alike.

        `goal`: the state in which the act, once it was done whole, is answered by `refusal`.
        """
        with self.copy(self.folder) if killed else nullcontext() as before:
            points = self.live(self.folder, act, given)
            if not killed:
                return
            assert points, f"{act} leaves no mark"
            twin, former = await look(self.folder), archives(before)
            for stop, point in enumerate(points):
                where = f"{act}, killed at {point} ({stop})"
                with self.copy(before) as folder:
                    assert self.live(folder, act, given, stop) is None, where
                    self.kills[act] += 1
                    for name, digest in archives(folder).items():  # the former bytes or the last ones, nothing else
                        assert digest in (former.get(name), twin["archives"][name]), where
                    if not goal or (await look(folder))["state"] != goal:
                        self.live(folder, act, given)
                    else:
                        with pytest.raises(IsoloirError, match=refusal):
                            self.live(folder, act, given)
                    found = await look(folder)
                    for name, value in twin.items():
                        assert found[name] == value, f"{where}: {name}"

    def told(self, tell, name):
        """A row of the table for each act."""
        for act, kills in self.kills.items():
            tell(
                f"SIGKILL of the server at each point of an act of the board: {act} ({name})",
                "to the board: nothing; the act, asked for again, ended as if nothing had happened",
                f"{kills} kills: what members gave, trustees, log, archives, result as of one never killed",
            )


def archives(folder):
    """The bytes of every archive that is public, by name, as a digest."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "archives" / ELECTION).glob("*.bel"))
    }


async def look(folder):
    """All that must be the same whether or not the server was killed."""
    async with Instance.open(folder) as instance:
        store, election = instance.store, instance.election(ELECTION)
        assert (await audit_log.verify(store)).holds
        state = (await lifecycle.state(store, ELECTION)).value
        acts = [line.act for line in await audit_log.lines(store, ELECTION)]
        begun = "ceremony_begun" in acts
        setup = state not in ("draft", "configured")
        async with store.read() as session:
            waiting = await lifecycle_store.get_fact(session, ELECTION, "rehearsal")
        return {
            "state": state,
            "acts": acts,
            "documents": (await hosting.transcript(store, election)).documents if begun else (),
            "trustees": (await publication.setup_bytes(store, ELECTION, CONTEST))[1] if setup else b"",
            "rehearsed by": sorted(waiting["given"].get("national", ())) if waiting else None,
            "givers": await unsealing.givers(store, election, "national"),
            "result": await unsealing.results(store, election),
            "archives": archives(folder),
        }


def settle(folder, database):
    """Write the settings of an instance."""
    where = f'database = "{database}"\n' if database else ""
    plugins = '["ordinal_check", "outbox", "password_sms"]'
    told = f'base_url = "http://127.0.0.1:8000"\ndemo = true\nplugins = {plugins}\n{where}'
    (folder / "isoloir.toml").write_text(told)


def database_of(folder):
    """The database of an instance; nothing where it lies in its folder."""
    return tomllib.loads((folder / "isoloir.toml").read_text()).get("database")


async def lead(board, *, early, last):
    """From the empty roll to the minutes; `early`: the acts up to the opening are killed too, `last` those after."""
    async with Instance.open(board.folder) as instance:
        store, election, clock = instance.store, instance.election(ELECTION), instance.clock
        clock.move_to(election.window.opens - timedelta(days=20))
        await lifecycle.create(store, election, clock)
        await add_entries(store, election, [NewEntry("Dr", f"N{n}", "A", "x@ch.example", "", "ph") for n in range(4)])
    await board.act("ceremony begun", killed=early)
    async with Instance.open(board.folder) as instance:
        plan = (await hosting.transcript(instance.store, election)).plan
    documents, shares = trial.hold(plan)
    for document in documents:
        killed = early and document.member in TRIED
        await board.act("document of the ceremony", document.to_json(), killed=killed)
    await board.act("keys made", goal="keyed", killed=early)
    await board.act("seal", goal="sealed", killed=early)
    await board.act("rehearsal begun", killed=early)
    by_member = {share.member: share for share in shares}
    async with Instance.open(board.folder) as instance:
        waiting = await rehearsal.begun(instance.store, election)
        scratch = list(rehearsal.boxes_of(waiting, rehearsals(instance, election)).values())
    for member in REHEARSED:
        given = Partials.make(by_member[member], scratch)
        await board.act("partial decryption for the rehearsal", given, killed=early and member == "delegate-2")
    minutes = b"%PDF-1.7 of a rehearsal"
    name = "0123456789abcdef.pdf"
    (board.folder / "archives" / ELECTION / "rehearsals" / name).write_bytes(minutes)
    concluded = {"minutes": name, "minutes_sha256": hashlib.sha256(minutes).hexdigest()}
    await board.act("rehearsal finished", concluded, goal="rehearsed", refusal="rehearsal_not_begun", killed=early)
    await board.act("opening", goal="open", killed=early)
    async with Instance.open(board.folder) as instance:
        instance.clock.move_to(election.window.opens + timedelta(days=1))
        await vote(instance, election)
        instance.clock.move_to(election.window.grace_ends + timedelta(seconds=3))
    await board.act("close and archives", killed=last)
    boxes = [Box.read(path) for path in sorted((board.folder / "archives" / ELECTION).glob("*.bel"))]
    for member in UNSEALING:
        await board.act(
            "partial decryption",
            Partials.make(by_member[member], boxes),
            killed=last and (early or member == "delegate-2"),
        )
    await board.act("tally", goal="tallied", killed=last)
    await board.act("publication", goal="published", killed=last)


async def vote(instance, election):
    """Three of the four vote."""
    store, verifier = instance.store, Verifier()
    setup = Election.parse((await publication.setup_bytes(store, ELECTION, CONTEST))[0])
    for voter, choice in zip(await entries(store, ELECTION), ("avenir", "avenir", "union"), strict=False):
        drawn = await registrar.draw_credential(
            store, election, CONTEST, keys_folder=instance.secrets_folder, clock=instance.clock
        )
        made = make(setup, drawn, answer(election.contest(CONTEST), choice))
        who = Voter(voter.id, ELECTION, instance.clock.now())
        await cast(store, election, who, CONTEST, made, instance.clock, verifier)


@pytest.fixture
def lives():
    """Where acts are done, and killed."""
    begun = Lives()
    yield begun
    begun.end()


@pytest.mark.slow
async def test_each_act_of_the_board_is_done_again_after_a_kill(tmp_path, lives, told):
    """Killed at every point of ceremony, rehearsal, close and unsealing, then asked again: as if never killed."""
    board = Board(tmp_path, lives)
    await lead(board, early=True, last=True)
    board.told(told, "SQLite")
    kills = await papers_are_written_again(board, tmp_path)
    told(
        "SIGKILL of the server at each point of an act of the board: minutes (SQLite)",
        "to the board: “minutes_folder_taken” where a part was written; none of it is taken for the minutes",
        f"{kills} kills: in a new folder the papers are the same, byte for byte",
    )


async def papers_are_written_again(board, folder):
    """Minutes cut off leave a folder that is refused by name; in a new one they are the same, byte for byte."""
    whole = folder / "papers"
    points = board.live(board.folder, "minutes", whole)
    for stop in range(len(points)):
        cut = folder / f"papers-{stop}"
        assert board.live(board.folder, "minutes", cut, stop) is None
        if any(cut.iterdir()):
            with pytest.raises(IsoloirError, match="minutes_folder_taken"):
                board.live(board.folder, "minutes", cut)
            shutil.rmtree(cut)
        board.live(board.folder, "minutes", cut)
        assert files(cut) == files(whole)
    return len(points)


def files(folder):
    """Every file's bytes by its name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
async def test_close_and_unsealing_are_done_again_after_a_kill_on_postgresql(tmp_path, lives, postgresql, told):
    """The same on PostgreSQL, from the close on."""
    board = Board(tmp_path, lives, postgresql)
    await lead(board, early=False, last=True)
    board.told(told, "PostgreSQL")
