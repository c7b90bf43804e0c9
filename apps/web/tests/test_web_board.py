"""The board's pages: behind a session without exception, each role its own, never a result, and watched over."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from isoloir import audit_log, board, errands, lifecycle, oversight, poll_book
from isoloir.accounts import directory
from isoloir.accounts.account import Role
from isoloir.clock import hour_of
from isoloir.config.board import Board
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir.sealing import SystemSeal
from isoloir.store import poll_book_store
from isoloir_web.background import Closing, watch_over
from isoloir_web.board.acts import ACTS
from isoloir_web.board.turnout import curve
from isoloir_web.refusals import REFUSAL

E = "/e/essai-2024"
B = f"{E}/board"

pytestmark = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)

OPEN_TO_ALL = {"login", "activate", "second-factor"}
"""Pages of those who are not logged in yet."""
PROVED = {"proved": {"national": ["president"]}}
"""Whose shares have served in the rehearsal."""
ROOMS = ("steps", "ceremony", "rehearsal", "unsealing", "remarks", "minutes", "work")
"""Pages on which the board acts."""
PAGES = ("", "turnout", "poll-book", "integrity", "log", "password", *ROOMS)


def token(page: Any, action: str) -> str:
    return page.text.split(f'action="{B}/{action}"', 1)[1].split('name="token" value="', 1)[1].split('"', 1)[0]  # type: ignore[no-any-return]


def board_routes(app: Any) -> list[tuple[str, str]]:
    found = []
    for route in app.routes:
        if "/board" in route.path:
            path = re.sub(r"\{[a-z]+:str\}", "x", route.path.replace("{election:str}", "essai-2024"))
            path += "/" if path.endswith("/board") else ""
            found += [(method, path) for method in route.methods if method != "OPTIONS"]
    return found


async def mark(stage: Any, contest: str, count: int, hours: int = 0) -> None:
    """Write marks into the poll book, as a cast does."""
    hour = hour_of(stage.clock.now() + timedelta(hours=hours))
    voters = [entry for entry in await stage.voters() if contest in entry.contests]
    async with stage.store.write() as session:
        for entry in voters[:count]:
            await poll_book_store.mark(session, stage.only.id, contest, entry.id, hour)


@pytest.fixture
def sealed_as(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Say what both seals would be now; the digests themselves are tried with the seal."""

    def say(stage: Any, parts: dict[str, str], roll: str = "r") -> SystemSeal:
        seal = SystemSeal(parts)

        async def present(*_: Any) -> tuple[SystemSeal, str]:
            return seal, roll

        monkeypatch.setattr(board, "present_seal", present)
        return seal

    return say


async def rehearsed(stage: Any, seal: SystemSeal) -> None:
    """Go on from the keys of an open stage to a rehearsal under that seal, as the board's command does."""
    election, store, clock = stage.only, stage.store, stage.clock
    await stage.open_vote.__func__(stage)
    async with store.write("box") as session:
        from isoloir.store import lifecycle_store

        await lifecycle_store.set_state(session, election.id, "keyed")
    orders = {one.id: [shown.id for shown in one.lists] for one in election.contests}
    await lifecycle.seal(store, election, clock, system_digest=seal.digest, roll_digest="r", display_orders=orders,
                         details={"parts": dict(seal.parts)})  # fmt: skip


async def test_no_page_without_a_session(stage: Any, web: Any, holder: Any) -> None:
    """Every handler of the board, by every method, refuses a stranger, a voter and a disabled account."""
    await stage.open_vote()
    one = await holder(stage)
    async with web(stage) as client, web(stage) as voter, web(stage) as shut:
        routes = board_routes(client.app)
        assert {path.split("/board/")[1].split("/")[0] for _, path in routes} >= {*PAGES, "do", "codes", "logout"}
        await one.activate(shut)
        await directory.disable(stage.store, stage.only, stage.clock, one.name)
        session = await stage.sessions.start("fr")
        await stage.log_in(session)
        voter.cookies.set("isoloir", session.handle)
        for method, path in routes:
            if path.split("/board/")[1].split("/")[0] in OPEN_TO_ALL:
                continue
            for visitor in (client, voter, shut):
                answer = await visitor.request(method, path)
                if path == f"{B}/":
                    assert answer.headers["location"] == f"{B}/login"
                else:
                    assert (answer.status_code, answer.headers[REFUSAL]) == (401, "account_needed"), (method, path)


async def test_no_change_from_elsewhere_or_without_its_token(stage: Any, web: Any, holder: Any) -> None:
    """Every POST of the board refuses another site, and a form whose token was made for another purpose."""
    files = {"file": ("x", b"x")}
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        other = token(await client.get(f"{B}/password"), "password")
        for method, path in board_routes(client.app):
            if method != "POST":
                continue
            foreign = await client.post(path, data={}, headers={"sec-fetch-site": "cross-site"})
            assert (foreign.status_code, foreign.headers[REFUSAL]) == (403, "foreign_origin")
            if path.split("/board/")[1].split("/")[0] in {"login", "activate", "password"}:
                continue
            uploads = path.removeprefix(f"{B}/") in {"rehearsal", "unsealing", "minutes/signed"}
            for sent in ({"token": other}, {"no": "token"}):
                answer = await client.post(path, data=sent, files=files if uploads else None)
                assert (answer.status_code, answer.headers[REFUSAL]) == (403, "form_expired"), path


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_has_its_pages(stage: Any, web: Any, holder: Any, role: Role) -> None:
    """Support sees no name and no log, the organiser acts in nobody's place, a member has all of it."""
    await stage.open_vote()
    seat = {} if role is Role.MEMBER else {"board": "", "member": ""}
    one = await holder(stage, role=role, **seat)
    async with web(stage) as client:
        await one.activate(client)
        allowed = {page: (await client.get(f"{B}/{page}")).status_code for page in PAGES}
        texts = [(await client.get(f"{B}/{page}")).text for page in PAGES]
    reads = 403 if role is Role.SUPPORT else 200
    assert allowed == {page: 200 if page in ("", "turnout", "password") else reads for page in PAGES}
    assert role is Role.MEMBER or not any(f'action="{B}/{page}"' in text for page in ROOMS for text in texts)


WHO = {
    "organiser": {"role": Role.ORGANISER, "board": "", "member": ""},
    "support": {"role": Role.SUPPORT, "board": "", "member": ""},
    "president": {"member": "president"},
    "secretary": {"member": "secretary"},
    "delegate": {"member": "d1"},
}
EITHER = {"organiser", "president", "secretary"}
MAY = {
    "file": {"organiser"},
    "ceremony": {"organiser"},
    "ceremony-restart": {"organiser"},
    "keys": {"organiser"},
    "seal": EITHER,
    "break-seal": {"president", "secretary"},
    "rehearsal": EITHER,
    "rehearsal-end": EITHER,
    "open": {"president", "secretary"},
    "close": {"president", "secretary"},
    "tally": EITHER,
    "lot": {"president", "secretary"},
    "lot-confirm": {"president", "secretary", "delegate"},
    "publish": {"president", "secretary"},
    "papers": EITHER,
    "archive": EITHER,
}
"""Who may do what: the organiser prepares, what the board does as one is its officers'."""


async def seat_them(stage: Any, holder: Any) -> dict[str, Any]:
    """Give the stage a board with two officers and a delegate, and everybody an account."""
    roles = {"president": "president", "secretary": "secretary", "d1": "delegate"}
    members = {one: {"role": role, "name": one} for one, role in roles.items()}
    boards = {"national": Board.model_validate({"members": members})}
    stage.files[stage.only.id] = stage.only.model_copy(update={"boards": boards})
    return {name: await holder(stage, name, **changes) for name, changes in WHO.items()}


async def test_each_act_is_for_whoever_may(stage: Any, web: Any, holder: Any) -> None:
    """Every act's page and form refuse every role but those that may, before anything is read of them."""
    assert set(MAY) == set(ACTS)
    for who, one in (await seat_them(stage, holder)).items():
        async with web(stage) as client:
            await one.activate(client)
            session = await client.app.state.house.accounts.sessions.load(client.cookies["isoloir-account"])
            for act, may in MAY.items():
                page = await client.get(f"{B}/do/{act}")
                sent = {"token": session.form_token(f"board/do/{act}/{stage.only.id}"), "code": "000000"}
                posted = await client.post(f"{B}/do/{act}", data=sent)
                if who in may:
                    assert page.status_code in (200, 303), (who, act)
                    assert posted.headers[REFUSAL] in ("code_refused", "field_missing", "too_many_requests")
                else:
                    assert (page.status_code, page.headers[REFUSAL]) == (403, "account_role"), (who, act)
                    assert (posted.status_code, posted.headers[REFUSAL]) == (403, "account_role"), (who, act)
    assert await lifecycle.state(stage.store, stage.only.id) is State.DRAFT


async def test_an_act_is_done_once(stage: Any, web: Any, holder: Any) -> None:
    """A second time, or beside work that is under way, an act is refused and changes nothing."""
    one = (await seat_them(stage, holder))["organiser"]
    async with web(stage) as client:
        await one.activate(client)

        async def act(name: str, **more: str) -> Any:
            session = await client.app.state.house.accounts.sessions.load(client.cookies["isoloir-account"])
            sent = {"token": session.form_token(f"board/do/{name}/{stage.only.id}"), "code": one.code(), **more}
            return await client.post(f"{B}/do/{name}", data=sent)

        assert (await act("file")).status_code == 303
        again = await act("file")
        assert (again.status_code, again.headers[REFUSAL]) == (409, "lifecycle_order")
        assert (await act("ceremony")).status_code == 303
        assert (await act("ceremony")).headers[REFUSAL] == "ceremony_begun"
        assert (await act("ceremony-restart", why=" ")).headers[REFUSAL] == "field_missing"
        await errands.ask(stage.store, stage.only, "keys", stage.clock, by="x")
        going = await act("ceremony-restart", why="Une part perdue.")
        assert (going.status_code, going.headers[REFUSAL]) == (409, "errand_going")
    acts = [line.act for line in await audit_log.lines(stage.store, stage.only.id)]
    assert (acts.count("configured"), acts.count("ceremony_begun")) == (1, 1)


async def test_nobody_acts_or_gives_for_another(stage: Any, web: Any, holder: Any) -> None:
    """Giving and remarking are for members alone; signed papers for the organiser and the officers."""
    people = await seat_them(stage, holder)
    for who, refused in (
        ("organiser", {"rehearsal", "unsealing", "remarks"}),
        ("delegate", {"minutes/signed"}),
        ("support", {"rehearsal", "unsealing", "remarks", "minutes/signed"}),
    ):
        async with web(stage) as client:
            await people[who].activate(client)
            session = await client.app.state.house.accounts.sessions.load(client.cookies["isoloir-account"])
            for page in refused:
                sent = {"token": session.form_token(f"board/{page}/{stage.only.id}"), "text": "x", "kind": "remark"}
                files = None if page == "remarks" else {"file": ("x.json", b"{}")}
                answer = await client.post(f"{B}/{page}", data=sent, files=files)
                assert (answer.status_code, answer.headers[REFUSAL]) == (403, "account_role"), (who, page)


async def test_a_member_sees_the_contests_of_their_board(stage: Any, web: Any, holder: Any) -> None:
    """Names and turnout of another board's contests are not shown to a member, nor found by address."""
    await stage.open_vote()
    election = stage.only
    contests = [one.model_copy(update={"board": "local"}) if one.id == "pu" else one for one in election.contests]
    boards = {**election.boards, "local": Board.model_validate(election.boards["national"].model_dump())}
    stage.files[election.id] = election.model_copy(update={"boards": boards, "contests": tuple(contests)})
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        for page in ("turnout", "poll-book"):
            text = (await client.get(f"{B}/{page}")).text
            assert "Commission supérieure" in text
            assert "Commission des enseignants" not in text
        assert (await client.get(f"{B}/poll-book?contest=pu")).headers[REFUSAL] == "contest_unknown"
        form = {"token": token(await client.get(f"{B}/poll-book"), "poll-book"), "contest": "pu", "begins": "Zola"}
        assert (await client.post(f"{B}/poll-book", data=form)).headers[REFUSAL] == "contest_unknown"


async def test_the_poll_book_says_who_voted_and_when_to_the_hour(stage: Any, web: Any, holder: Any) -> None:
    """Those who voted are listed; a name is looked up by POST, voted or not, and stands in no address."""
    await stage.open_vote()
    await mark(stage, "csn", 2)
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        page = await client.get(f"{B}/poll-book?contest=csn")
        assert "2 électeurs ont voté" in page.text
        assert page.text.count('<th scope="row">') == 2
        assert "11\u00a0juin, 11\u202fh<" in page.text
        form = {"token": token(page, "poll-book"), "contest": "csn"}
        for begins, found, voted in (("martin", 4, 2), ("MARTIN2", 1, 0), ("zo", 1, 0), ("%", 0, 0), ("a_", 0, 0)):
            answer = await client.post(f"{B}/poll-book", data={**form, "begins": begins})
            assert answer.text.count('<th scope="row">') == found, begins
            assert answer.text.count("✓</span> 11") == voted
        assert "/poll-book?begins" not in answer.text


async def test_the_turnout_adds_up(stage: Any, web: Any, holder: Any) -> None:
    """By contest, college and hour the same votes are counted; the curve never falls nor leaves its frame."""
    await stage.open_vote()
    await mark(stage, "csn", 3)
    stage.clock.move_to(stage.clock.now() + timedelta(hours=5))
    await mark(stage, "csn", 5)
    found = await poll_book.over_time(stage.store, stage.only)
    hours = found["csn"]
    assert (hours.whole.voted, hours.whole.entitled) == (5, 5)
    assert {college: one.voted for college, one in hours.colleges.items()} == {"ph": 4, "pu": 1}
    assert sorted(hours.by_hour.values()) == [2, 3]
    drawn = curve(stage.only, hours, stage.clock.now())
    assert [(cast, total) for _, cast, total in drawn.rows] == [(3, 3), (2, 5)]
    heights = [float(point.split()[1]) for point in drawn.path.replace("M", "L").split("L")[1:]]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] == 0.0
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        assert "100,00\u202f%" in (await client.get(f"{B}/turnout")).text


async def test_no_page_of_the_board_holds_a_ballot_or_a_choice(stage: Any, web: Any, holder: Any) -> None:
    """Neither trackers nor credentials nor lists stand on any page of the board while people vote."""
    await stage.open_vote()
    await mark(stage, "csn", 2)
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        for page in PAGES:
            text = (await client.get(f"{B}/{page}")).text
            assert "Avenir du soin public" not in text
            assert "tracker" not in text


async def test_what_is_missing_is_said(stage: Any, web: Any, holder: Any) -> None:
    """Before anything is done every condition is missing, with what to do, and opening leads back to the list."""
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        page = await client.get(f"{B}/")
        assert page.text.count(">✗</span>") == 6
        assert page.text.count(">✓</span>") == 1
        await lifecycle.create(stage.store, stage.only, stage.clock)
        page = await client.get(f"{B}/")
        assert page.text.count("n’a pas encore de droits de vote anonymes") == len(stage.only.contests)
        assert (await client.get(f"{B}/do/open")).headers["location"] == f"{B}/steps"


async def test_an_officer_opens_the_vote(stage: Any, web: Any, holder: Any, sealed_as: Any) -> None:
    """Only when nothing is missing, after a second page, with a code that was not used before; the log says who."""
    seal = sealed_as(stage, {"code": "1"})
    await rehearsed(stage, seal)
    stage.clock.move_to(stage.only.window.opens - timedelta(days=1))
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        assert (await client.get(f"{B}/do/open")).status_code == 303
        await lifecycle.rehearsed(
            stage.store, stage.only, stage.clock, system_digest=seal.digest, passed=True, record=PROVED
        )
        assert "Rien ne manque" in (await client.get(f"{B}/")).text
        form = {"token": token(await client.get(f"{B}/do/open"), "do/open")}
        wrong = await client.post(f"{B}/do/open", data={**form, "code": "000000"})
        assert (wrong.status_code, wrong.headers[REFUSAL]) == (422, "code_refused")
        assert await lifecycle.state(stage.store, stage.only.id) is State.REHEARSED
        code = one.code()
        assert (await client.post(f"{B}/do/open", data={**form, "code": code})).status_code == 303
        assert await lifecycle.state(stage.store, stage.only.id) is State.OPEN
        again = await client.post(f"{B}/do/open", data={**form, "code": code})
        assert again.headers[REFUSAL] == "code_refused"
        late = await client.post(f"{B}/do/open", data={**form, "code": one.code()})
        assert (late.status_code, late.headers[REFUSAL]) == (409, "lifecycle_order")
    lines = [line for line in await audit_log.lines(stage.store, stage.only.id) if line.act == "account_acts"]
    assert one.invitation.account.id in lines[0].details


async def test_a_drift_is_told_once(stage: Any, web: Any, holder: Any, sealed_as: Any) -> None:
    """A part that changed after the seal is named on the page, on every page, in the log once, and by one message."""
    seal = sealed_as(stage, {"code": "1", "election_file": "1"})
    await rehearsed(stage, seal)
    await lifecycle.rehearsed(
        stage.store, stage.only, stage.clock, system_digest=seal.digest, passed=True, record=PROVED
    )
    await lifecycle.open_(stage.store, stage.only, stage.clock, system_digest=seal.digest, roll_digest="r")
    mail = {"email": {"plugin": "outbox"}}
    stage.files[stage.only.id] = stage.only.model_validate({**stage.only.model_dump(), "notifiers": mail})
    one = await holder(stage)

    async def told(act: str) -> int:
        return len([line for line in await audit_log.lines(stage.store, stage.only.id) if line.act == act])

    async with web(stage) as client:
        await one.activate(client)
        page = await client.get(f"{B}/integrity")
        form = {"token": token(page, "integrity/check")}
        assert (await client.post(f"{B}/integrity/check", data=form)).status_code == 303
        assert "rien n’a changé" in (await client.get(f"{B}/integrity")).text
        assert await told("seal_drifted") == 0
        sealed_as(stage, {"code": "2", "election_file": "1"})
        for _ in range(2):
            await client.post(f"{B}/integrity/check", data=form)
            stage.clock.move_to(stage.clock.now() + timedelta(minutes=11))
            await watch_over(stage, stage.only)
        page = await client.get(f"{B}/integrity")
        assert "<code>code</code>" in page.text
        assert "<code>election_file</code>" not in page.text
        for path in PAGES:
            assert "Alerte" in (await client.get(f"{B}/{path}")).text
        assert await told("seal_drifted") == 1
        assert await told("seal_checked") == 3
        from isoloir.store import message_store

        async with stage.store.read() as session:
            counts = await message_store.counts(session, stage.only.id)
        assert counts[("seal_drifted", "waiting")] == 1
        sealed_as(stage, dict(seal.parts))
        await client.post(f"{B}/integrity/check", data=form)
        assert "Alerte" not in (await client.get(f"{B}/")).text
        assert await told("seal_holds_again") == 1


async def test_the_seal_is_checked_on_a_schedule_while_open(stage: Any, holder: Any, sealed_as: Any) -> None:
    """Every ten minutes while the vote is open, by one of several processes, and never before."""
    sealed_as(stage, {"code": "1"})
    args = stage.store, stage.only, stage.plugins, stage.clock
    assert await oversight.check_due(*args) is None
    await stage.open_vote()
    assert await oversight.check_due(*args) is not None
    assert await oversight.check_due(*args) is None
    stage.clock.move_to(stage.clock.now() + timedelta(minutes=10, seconds=1))
    assert await oversight.check_due(*args) is not None
    stage.clock.move_to(stage.clock.now() - timedelta(hours=1))
    assert await oversight.check_due(*args) is not None


async def test_the_head_of_the_log_goes_out_once_a_day(stage: Any, web: Any, holder: Any) -> None:
    """From seven in the morning of the election's time, once a day, to members and organisers who are active."""
    mail = {"email": {"plugin": "outbox"}}
    stage.files[stage.only.id] = stage.only.model_validate({**stage.only.model_dump(), "notifiers": mail})
    await stage.open_vote()
    one = await holder(stage)
    await holder(stage, "waits", role=Role.ORGANISER, board="", member="")
    async with web(stage) as client:
        await one.activate(client)
        client.cookies.clear()
        await one.log_in(client, password="wrong")
    args = stage.store, stage.keys, stage.only, stage.texts, stage.clock, "https://vote.example"
    assert await oversight.send_head_due(*args) == 1
    assert await oversight.send_head_due(*args) == 0
    stage.clock.move_to(stage.only.window.opens + timedelta(days=1, hours=-3))
    assert await oversight.send_head_due(*args) == 0
    stage.clock.move_to(stage.only.window.opens + timedelta(days=1))
    assert await oversight.send_head_due(*args) == 1
    failures = [line for line in await audit_log.lines(stage.store, stage.only.id) if line.act == "account_failures"]
    assert len(failures) == 1
    assert '"failures":1' in failures[0].details


async def test_the_log_is_read_and_its_chain_is_recomputed(stage: Any, web: Any, holder: Any) -> None:
    """The newest line first, in words and pages, who did it by name; a changed line is pointed out."""
    await stage.open_vote()
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        page = await client.get(f"{B}/log")
        head = await audit_log.head(stage.store)
        assert f"{head.serial}:{head.hash}" in page.text
        assert page.text.index("Compte activé") < page.text.index("Vote ouvert") < page.text.index("Clés faites")
        assert "Compte activé</b> – Dr A.Martin" in page.text
        for number in ("0", "-1", "99999999"):
            assert (await client.get(f"{B}/log?number={number}")).status_code == 200
        async with stage.store.write("box") as session:
            connection = await session.connection()
            await connection.exec_driver_sql("DROP TRIGGER audit_log_no_update")
            await connection.exec_driver_sql("UPDATE audit_log SET details = '{}' WHERE serial = 2")
        assert "rompue à la ligne 2" in (await client.get(f"{B}/log")).text


async def test_the_vote_closes_by_the_clock(stage: Any) -> None:
    """At the end of grace the box is frozen without anybody, after a restart too, and not by a clock's jump."""
    await stage.open_vote()
    elapsed = 0.0
    closing = Closing(stage, lambda: elapsed)

    async def state() -> State:
        return await lifecycle.state(stage.store, stage.only.id)

    await closing(stage.only)
    stage.clock.move_to(stage.only.window.grace_ends + timedelta(hours=1))
    await closing(stage.only)
    elapsed += 15
    stage.clock.move_to(stage.only.window.closes)
    await closing(stage.only)
    stage.clock.move_to(stage.only.window.grace_ends + timedelta(seconds=1))
    elapsed += 15
    await closing(stage.only)
    assert await state() is State.OPEN
    elapsed += 21
    await closing(stage.only)
    assert await state() is State.CLOSED
    archives = sorted(path.name for path in (stage.archives_folder / stage.only.id).glob("*.bel"))
    assert archives == sorted(f"{one.id}.bel" for one in stage.only.contests)
    (stage.archives_folder / stage.only.id / "csn.bel").unlink()
    again = Closing(stage, lambda: elapsed)
    await again(stage.only)
    elapsed += 601
    await again(stage.only)
    assert (stage.archives_folder / stage.only.id / "csn.bel").exists()


async def test_two_who_close_at_once_close_once(stage: Any) -> None:
    """A server that closes by the clock and a command at the same moment both find the box frozen."""
    import asyncio

    await stage.open_vote()
    with pytest.raises(IsoloirError, match="grace_not_over"):
        await board.close_vote(stage.store, stage.only, stage.clock, stage.keys, stage.secrets_folder, stage.folder)
    stage.clock.move_to(stage.only.window.grace_ends + timedelta(seconds=1))
    await asyncio.gather(
        *(
            board.close_vote(
                stage.store, stage.only, stage.clock, stage.keys, stage.secrets_folder, stage.folder / way
            )
            for way in ("a", "b")
        )
    )
    closed = [line for line in await audit_log.lines(stage.store, stage.only.id) if line.act == "closed"]
    assert len(closed) == 1


@pytest.mark.parametrize("page", PAGES)
async def test_typography_and_languages(stage: Any, web: Any, holder: Any, page: str) -> None:
    """French keeps its signs on their lines; the same page speaks English; neither needs a script."""
    await stage.open_vote()
    await mark(stage, "csn", 2)
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        french = re.sub(r"<[^>]*>", " ", (await client.get(f"{B}/{page}?lang=fr")).text)
        english = await client.get(f"{B}/{page}?lang=en")
    assert not re.search(r"[A-Za-zé] [;:!?»]|« |[a-z]'[a-z]", re.sub("[ \\n]+", " ", french))
    assert 'lang="en"' in english.text
    assert "<script" not in english.text
    assert "style=" not in english.text
