"""A whole election from its pages: from the draft to the archive, every act by the account of whoever may."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher, profiles

from isoloir import audit_log, errands, lifecycle, publication, registrar, unsealing
from isoloir.accounts import directory
from isoloir.accounts.account import Role
from isoloir.accounts.directory import Person
from isoloir.accounts.passwords import Passwords
from isoloir.casting import Verifier, Voter, cast
from isoloir.ceremony import hosting, trial
from isoloir.clock import ShiftedClock, SystemClock
from isoloir.counting import answer
from isoloir.instance import Instance
from isoloir.lifecycle import State
from isoloir.partials import Box, Partials
from isoloir.roll import NewEntry, add_entries, entries
from isoloir.store import message_store
from isoloir_ballots.ballot import make
from isoloir_ballots.election import Election
from isoloir_minutes import signing
from isoloir_minutes.certificate import demonstration_signer
from isoloir_web.app import create_app
from isoloir_web.background import Closing
from isoloir_web.errands import Errands
from isoloir_web.refusals import REFUSAL

E = "/e/vie"
B = f"{E}/board"
MEMBERS = ("president", "secretary", "d1", "d2", "d3", "d4")
TOML = """
id = "vie"
test = true
accepts = [{{ risk = "typed_mobile", reason = "La base n’a pas tous les mobiles." }}]
title = {{ fr = "Élection d’essai", en = "Trial election" }}
[window]
opens = {opens}
closes = {closes}
[help_line]
phone = "01 99 00 12 34"
hours = {{ fr = "de 8 h à 20 h", en = "8 am to 8 pm" }}
[sender]
name = "Vote"
address = "vote@example.org"
subject = {{ fr = "Vote", en = "Vote" }}
[roll.fields]
rpps = {{ key = true, normalise = "digits" }}
ordinal_number = {{ normalise = "alphanumeric", secret = true, kinds = ["ordinal", "substitute"] }}
[colleges]
ph = {{ fr = "PH", en = "PH" }}
[boards.national]
rule = {{ all = [{{ at_least = 1, of = "officers" }}, {{ at_least = 2, of = "delegates" }}] }}
[boards.national.members]
president = {{ role = "president", name = "Alix Martin" }}
secretary = {{ role = "secretary", name = "Sacha Petit" }}
d1 = {{ role = "delegate", name = "Dominique Un" }}
d2 = {{ role = "delegate", name = "Dominique Deux" }}
d3 = {{ role = "delegate", name = "Dominique Trois" }}
d4 = {{ role = "delegate", name = "Dominique Quatre" }}
[[contests]]
id = "cspm"
title = {{ fr = "CSPM", en = "CSPM" }}
colleges = ["ph"]
board = "national"
seats = 1
lists = [
  {{ id = "a", name = "Liste A", candidates = ["A1", "A2"] }},
  {{ id = "b", name = "Liste B", candidates = ["B1", "B2"] }},
]
[factors.ordinal]
plugin = "ordinal_check"
[factors.sms]
plugin = "password_sms"
config = {{ mobile = "typed", length = 8, valid_minutes = 15, attempts = 5 }}
[[eligibility]]
plugin = "ordinal_check"
[policy]
any = [{{ id = "password", label = {{ fr = "Par SMS", en = "By SMS" }}, all = ["ordinal", "sms"] }}]
[notifiers]
email = {{ plugin = "outbox" }}
sms = {{ plugin = "outbox" }}
"""


class Sitting:
    """One person in front of the pages, with their own account and browser."""

    def __init__(self, client: Any, holder: Any) -> None:
        self.client, self.holder = client, holder

    async def get(self, page: str) -> Any:
        return await self.client.get(f"{B}/{page}")

    async def token(self, page: str, action: str) -> str:
        text = (await self.get(page)).text
        assert f'action="{B}/{action}"' in text, re.sub(r"<[^>]*>|\s+", " ", text)
        form = text.split(f'action="{B}/{action}"', 1)[1]
        return str(form.split('name="token" value="', 1)[1].split('"', 1)[0])

    async def act(self, name: str, **fields: str) -> str:
        """Do an act on its page; return the page that follows."""
        page = await self.get(f"do/{name}")
        assert page.status_code == 200, (name, page.headers.get("location"))
        token = page.text.split('name="token" value="')[2].split('"', 1)[0]
        hidden = dict(re.findall(r'type="hidden" name="(order)" value="([^"]*)"', page.text))
        data = {**hidden, **fields, "token": token, "code": self.holder.code()}
        answer = await self.client.post(f"{B}/do/{name}", data=data)
        assert answer.status_code == 303, (name, answer.headers.get(REFUSAL))
        return str(answer.headers["location"].removeprefix(f"{B}/"))

    async def upload(self, page: str, where: str, files: list[tuple[str, bytes]], **fields: str) -> Any:
        token = await self.token(page, where)
        # A browser sends an empty file where none was chosen.
        sent = [("file", (name, content, "application/octet-stream")) for name, content in files or [("", b"")]]
        return await self.client.post(f"{B}/{where}", data={"token": token, **fields}, files=sent)


class Life:
    """One instance and those who lead its election; `restart` opens it anew, as after a stop."""

    def __init__(self, folder: Path, holder: Any) -> None:
        self.folder, self.make_holder = folder, holder
        self.clock = ShiftedClock(SystemClock())
        self.people: dict[str, Sitting] = {}
        self.shares: dict[str, Any] = {}
        self.elapsed = 0.0

    @property
    def election(self) -> Any:
        return self.instance.election("vie")

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """Serve from here to the end of the block; those who are logged in stay so."""
        async with AsyncExitStack() as stack:
            self.instance = await stack.enter_async_context(Instance.open(self.folder, clock=self.clock))
            self.errands = Errands(self.instance, lambda: self.elapsed)
            app = create_app(self.instance)
            app.state.house.accounts.passwords = Passwords(PasswordHasher.from_parameters(profiles.CHEAPEST))
            self.app = app
            for one in self.people.values():
                cookies = dict(one.client.cookies)
                one.client = await stack.enter_async_context(self.browser())
                one.client.cookies.update(cookies)
            self.stack = stack
            yield
            await self.errands.stop()

    def browser(self) -> Any:
        sent = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        transport = httpx2.ASGITransport(app=self.app)
        return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=sent)

    async def accounts(self) -> None:
        stage = SimpleNamespace(only=self.election, clock=self.clock)
        for name in ("organiser", "other", *MEMBERS):
            values: dict[str, Any] = {"role": Role.MEMBER, "board": "national", "member": name}
            if name not in MEMBERS:
                values = {"role": Role.ORGANISER if name == "organiser" else Role.SUPPORT}
            person = Person(name, f"Dr {name}", f"{name}@example.org", **values)
            made = await directory.new(self.instance.store, self.instance.keys, self.election, self.clock, person)
            client = await self.stack.enter_async_context(self.browser())
            self.people[name] = Sitting(client, self.make_holder(stage, made, name))
            await self.people[name].holder.activate(client)

    async def work(self) -> None:
        """Let the server's background go on until nothing is left to do."""
        for _ in range(4):
            await self.errands(self.election)
            await self.errands.settled()

    async def state(self) -> State:
        return await lifecycle.state(self.instance.store, "vie")

    async def ceremony(self) -> None:
        plan = (await hosting.transcript(self.instance.store, self.election)).plan
        documents, shares = trial.hold(plan)
        for document in documents:
            await hosting.add(self.instance.store, self.election, document, self.clock)
        self.shares = {share.member: share for share in shares}

    async def give(self, page: str, address: str, *members: str) -> None:
        """Have members download the archive, decrypt and hand in, each from their own page."""
        for one in members:
            answer = await self.people[one].upload(page, page, [("x.json", await self.decrypted(one, address))])
            assert answer.status_code == 303, answer.headers.get(REFUSAL)

    async def decrypted(self, one: str, address: str) -> bytes:
        downloaded = await self.people[one].client.get(f"{E}{address}")
        assert downloaded.status_code == 200
        path = self.folder / "downloaded.bel"
        path.write_bytes(downloaded.content)
        out = self.folder / "partials.json"
        out.unlink(missing_ok=True)
        Partials.make(self.shares[one], [Box.verified(path)]).write(out)
        return out.read_bytes()

    async def vote(self, number: int, choice: str) -> None:
        store, election = self.instance.store, self.election
        voter = (await entries(store, "vie"))[number]
        credential = await registrar.draw_credential(
            store, election, "cspm", keys_folder=self.instance.secrets_folder
        )
        setup = Election.parse((await publication.setup_bytes(store, "vie", "cspm"))[0])
        ballot = make(setup, credential, answer(election.contest("cspm"), choice))
        who = Voter(voter.id, "vie", self.clock.now())
        await cast(store, election, who, "cspm", ballot, self.clock, Verifier())


@pytest.fixture
async def life(tmp_path: Path, new_holder: Any) -> Life:
    """An instance with an election that is a draft, and five electors on its roll."""
    folder = tmp_path / "instance"
    (folder / "elections" / "vie").mkdir(parents=True)
    opens = (SystemClock().now() + timedelta(days=2)).replace(tzinfo=None, microsecond=0)
    text = TOML.format(opens=opens.isoformat(), closes=(opens + timedelta(days=3)).isoformat())
    (folder / "elections" / "vie" / "election.toml").write_text(text, encoding="utf-8")
    plugins = '["ordinal_check", "outbox", "password_sms"]'
    (folder / "isoloir.toml").write_text(f'base_url = "http://127.0.0.1:8000"\nplugins = {plugins}\n')
    made = Life(folder, new_holder)
    async with Instance.open(folder) as instance:
        roll = [
            NewEntry("Dr", f"NOM{n}", "Alix", f"a{n}@ch.example", "", "ph", (), {"rpps": f"1000000000{n}"}, {})
            for n in range(5)
        ]
        await add_entries(instance.store, instance.election("vie"), roll)
    return made


@pytest.mark.slow
async def test_from_the_draft_to_the_archive(life: Life) -> None:
    """Every act once, by whoever may, over two restarts; what was given is not asked again, and the papers check."""
    async with life.served():
        await life.accounts()
        organiser, president = life.people["organiser"], life.people["president"]
        assert await organiser.act("file") == "steps"
        assert await organiser.act("ceremony") == "ceremony"
        assert (await organiser.get("do/ceremony")).status_code == 303
        assert await organiser.act("ceremony-restart", why="Une part perdue.") == "ceremony"
        assert (await organiser.get("ceremony")).text.count("0 sur 3") == 6
        assert (await organiser.get("do/keys")).headers["location"] == f"{B}/steps"
        await life.ceremony()
        assert "La cérémonie est complète" in (await organiser.get("ceremony")).text
        assert await organiser.act("keys") == "work"
        asked = await errands.last(life.instance.store, "vie")
        assert asked is not None
        # Whoever took it is killed: nothing beats any more.
        assert await errands.take(life.instance.store, "vie", asked, "killed") is not None
        assert (await organiser.get("do/keys")).status_code == 303
    async with life.served():
        await life.errands(life.election)
        await life.errands.settled()
        assert await life.state() is State.CONFIGURED
        assert 'http-equiv="refresh"' in (await organiser.get("work")).text
        life.elapsed += Errands.PATIENCE + 1
        await life.work()
        assert await life.state() is State.KEYED
        assert "C’est fait." in (await organiser.get("work")).text
        assert await president.act("seal") == "work"
        await life.work()
        assert await life.state() is State.SEALED
        assert await organiser.act("rehearsal") == "work"
        await life.work()
        scratch = "/board/rehearsal/cspm/archive.bel"
        secretary = life.people["secretary"]
        mine = await life.decrypted("secretary", scratch)
        theirs = await president.upload("rehearsal", "rehearsal", [("x.json", mine)])
        assert (theirs.status_code, theirs.headers[REFUSAL]) == (403, "partial_not_yours")
        wrong = mine.replace(b'\\"response\\":\\"', b'\\"response\\":\\"1', 1)
        assert wrong != mine
        refused = await secretary.upload("rehearsal", "rehearsal", [("x.json", wrong)])
        assert (refused.status_code, refused.headers[REFUSAL]) == (422, "partial_invalid")
        assert "Sacha Petit" in refused.text
        for files, fields in (([], {}), ([("x.json", mine)], {"text": "x"}), ([("x.json", b"[" * 99_999)], {})):
            answer = await secretary.upload("rehearsal", "rehearsal", files, **fields)
            assert answer.headers[REFUSAL] == ("partial_unreadable" if not fields and files else "partial_none")
        pasted = await secretary.upload("rehearsal", "rehearsal", [], text=mine.decode())
        assert pasted.status_code == 303
        await life.give("rehearsal", scratch, "president", "d1", "d2")
    async with life.served():
        page = (await life.people["d1"].get("rehearsal")).text
        assert "on ne vous le demandera plus" in page
        assert 'type="file"' not in page
        await life.give("rehearsal", scratch, "d3", "d4")
        assert await secretary.act("rehearsal-end") == "work"
        await life.work()
        page = (await organiser.get("rehearsal")).text
        assert "5 bulletins mis" not in page
        assert "3 bulletins mis, 3 retrouvés" in page
        assert "Alix Martin, Sacha Petit, Dominique Un, Dominique Deux, Dominique Trois, Dominique Quatre" in page
        assert await life.state() is State.REHEARSED
        assert (await life.people["d1"].get("do/open")).status_code == 403
        assert await secretary.act("open") == "steps"
        life.clock.move_to(life.election.window.opens + timedelta(hours=1))
        await life.vote(0, "a")
        await life.vote(1, "b")
        life.clock.move_to(life.election.window.grace_ends + timedelta(seconds=1))
        closing = Closing(life.instance, lambda: life.elapsed)
        await closing(life.election)
        life.elapsed += 21
        await closing(life.election)
        assert await life.state() is State.CLOSED
        await life.work()
        for one in ("organiser", *MEMBERS):
            life.people[one].client.cookies.clear()
            assert (await life.people[one].holder.log_in(life.people[one].client)).status_code == 303
        box = "/box/cspm/archive.bel"
        await life.give("unsealing", box, "secretary", "d2")
        await life.work()
        assert await life.state() is State.CLOSED
        await life.give("unsealing", box, "d4")
        await life.work()
        assert "une égalité attend le bureau" in (await secretary.get("unsealing")).text
        drawn = {"drawn_by": "Dominique Un", "before": "le bureau réuni"}
        data = {**drawn, "rank-1": "b", "rank-2": "b", "code": secretary.holder.code()}
        data["token"] = await secretary.token("do/lot", "do/lot")
        assert (await secretary.client.post(f"{B}/do/lot", data=data)).headers[REFUSAL] == "lot_order"
        assert await secretary.act("lot", **drawn, **{"rank-1": "b", "rank-2": "a"}) == "unsealing"
        data = {"token": await secretary.token("do/lot-confirm", "do/lot-confirm"), "order": "b,a"}
        same = await secretary.client.post(f"{B}/do/lot-confirm", data={**data, "code": secretary.holder.code()})
        assert (same.status_code, same.headers[REFUSAL]) == (403, "lot_same_member")
        assert await life.people["d3"].act("lot-confirm") == "work"
        await life.work()
        assert await life.state() is State.TALLIED
        results = await unsealing.results(life.instance.store, life.election)
        assert results is not None
        assert results.contest("cspm").elected == {"a": (), "b": ("B1",)}
        assert "Liste B\u202f: 1 voix, sièges\u202f: 1 (B1)" in (await president.get("do/publish")).text
        assert await president.act("publish") == "steps"
        assert "B1" in (await president.client.get(f"{E}/results")).text
        token = await life.people["d2"].token("remarks", "remarks")
        said = {"token": token, "kind": "remark", "text": "Rien à signaler."}
        assert (await life.people["d2"].client.post(f"{B}/remarks", data=said)).status_code == 303
        assert await organiser.act("papers") == "work"
        await life.work()
        assert (await organiser.get("do/archive")).status_code == 303
        await signed(life)
        assert await organiser.act("archive") == "work"
        await life.work()
        assert await life.state() is State.ARCHIVED
        package = await organiser.get("minutes/papers/archive.tar")
        assert package.status_code == 200
        from isoloir_minutes.package import verify

        (life.folder / "package.tar").write_bytes(package.content)
        assert [one for one in await verify(life.folder / "package.tar") if one.faults] == []
        async with life.instance.store.read() as session:
            told = await message_store.counts(session, "vie")
        assert {name for name, _ in told} >= {"ceremony_begun", "rehearsal_begun", "vote_opened", "boxes_closed"}
        acts = [one.act for one in await audit_log.lines(life.instance.store, "vie")]
        assert acts.count("partials_given") >= 10
        assert (await audit_log.verify(life.instance.store)).holds


async def signed(life: Life) -> None:
    """Sign on another computer and hand in: a paper that was changed is refused, the others are taken."""
    organiser = life.people["organiser"]
    whole = await organiser.get("minutes/papers/papers.zip")
    away = life.folder / "away"
    zipfile.ZipFile(io.BytesIO(whole.content)).extractall(away)
    unsigned = {path.name: path.read_bytes() for path in away.glob("*.pdf")}
    at = life.clock.now()
    await signing.sign(away, demonstration_signer(at), at)
    papers = [(f"vie-{path.name}", path.read_bytes()) for path in sorted(away.glob("*.pdf"))]
    assert len(papers) == 3
    for name, content, code in (("x.pdf", papers[0][1], "paper_unknown"), (papers[0][0], b"no", "paper_not_pdf")):
        answer = await organiser.upload("minutes", "minutes/signed", [(name, content)])
        assert (answer.status_code, answer.headers[REFUSAL]) == (422, code)
    spoilt = [*papers[:2], (papers[2][0], unsigned["proces-verbal.pdf"])]
    assert (await organiser.upload("minutes", "minutes/signed", spoilt)).status_code == 303
    await life.work()
    page = (await organiser.get("minutes")).text
    assert "il n’est pas signé" in page
    assert page.count("DÉMONSTRATION") == 2
    assert (await organiser.upload("minutes", "minutes/signed", papers[2:])).status_code == 303
    await life.work()
    assert "Tous les documents sont signés" in (await organiser.get("minutes")).text
