"""Personal accounts on the web: activated by one person, entered with two factors, refused without a word of why."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from isoloir import audit_log
from isoloir.accounts import directory
from isoloir.accounts.account import Role
from isoloir.accounts.passwords import Passwords, require_good
from isoloir.errors import IsoloirError
from isoloir_web.refusals import REFUSAL

B = "/e/essai-2024/board"

on_sqlite = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
"""What the other database cannot change is tried on one."""


def token(page: Any, action: str) -> str:
    return page.text.split(f'action="{B}/{action}"', 1)[1].split('name="token" value="', 1)[1].split('"', 1)[0]  # type: ignore[no-any-return]


async def told(stage: Any, act: str) -> list[str]:
    return [line.details for line in await audit_log.lines(stage.store, stage.only.id) if line.act == act]


@on_sqlite
async def test_an_account_is_activated_in_three_pages(stage: Any, web: Any, holder: Any) -> None:
    """Link, code and password, then the second factor proved, then ten codes shown until they are kept."""
    one = await holder(stage)
    async with web(stage) as client:
        done = await one.activate(client)
        assert done.headers["location"] == f"{B}/"
        assert len(set(one.codes)) == 10
        assert (await client.get(f"{B}/codes")).headers["location"] == f"{B}/"
        assert one.invitation.account.display in (await client.get(f"{B}/")).text
    assert len(await told(stage, "account_made")) == len(await told(stage, "account_activated")) == 1
    lines = " ".join(line.details for line in await audit_log.lines(stage.store, stage.only.id))
    assert "martin" not in lines.casefold()
    assert "@" not in lines


async def test_a_link_works_once(stage: Any, web: Any, holder: Any) -> None:
    """Used, expired or invented, a link activates nothing, and the page says so alike."""
    one = await holder(stage)
    link = f"{B}/activate/{one.invitation.token}"
    async with web(stage) as client, web(stage) as second:
        data = {"activation": one.invitation.code, "chosen": "z" + one.password, "again": "z" + one.password}
        assert (await second.post(link, data=data)).status_code == 303
        slow = await second.get(f"{B}/second-factor")
        await one.activate(client)
        for answer in (
            await second.get(link),
            await second.post(link, data=data),
            await second.get(f"{B}/activate/x"),
        ):
            assert (answer.status_code, answer.headers[REFUSAL]) == (410, "activation_invalid")
        late = {"token": token(slow, "second-factor"), "code": "123456"}
        assert (await second.post(f"{B}/second-factor", data=late)).headers[REFUSAL] == "activation_invalid"
        assert (await one.log_in(second)).status_code == 303
    other = await holder(stage, "later", role=Role.ORGANISER, board="", member="")
    stage.clock.move_to(stage.clock.now() + timedelta(days=8))
    async with web(stage) as client:
        answer = await client.get(f"{B}/activate/{other.invitation.token}")
    assert answer.status_code == 410


@on_sqlite
async def test_a_link_alone_activates_nothing(stage: Any, web: Any, holder: Any) -> None:
    """Without the code that came another way the password is not even looked at, and tries are slowed down."""
    one = await holder(stage)
    link = f"{B}/activate/{one.invitation.token}"
    async with web(stage) as client:
        codes = []
        for _ in range(6):
            answer = await client.post(link, data={"activation": "AAAA-AAAA", "chosen": "short", "again": "short"})
            codes.append(answer.headers[REFUSAL])
    assert codes == ["activation_code_refused"] * 5 + ["too_many_requests"]


@on_sqlite
async def test_a_wrong_second_factor_activates_nothing(stage: Any, web: Any, holder: Any) -> None:
    """A code that the application would not show leaves the account as it was, and the link valid."""
    one = await holder(stage)
    async with web(stage) as client:
        data = {"activation": one.invitation.code, "chosen": one.password, "again": one.password}
        await client.post(f"{B}/activate/{one.invitation.token}", data=data)
        page = await client.get(f"{B}/second-factor")
        wrong = await client.post(
            f"{B}/second-factor", data={"token": token(page, "second-factor"), "code": "000000x"}
        )
        assert (wrong.status_code, wrong.headers[REFUSAL]) == (422, "code_refused")
        assert (await client.get(f"{B}/")).status_code == 303
        assert (await one.activate(client)).status_code == 303


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_short"),
        ("x" * 201, "password_long"),
        ("motdepasse123456", "password_common"),
        ("123456789012", "password_common"),
        ("aaaaaaaaaaaaaaab", "password_common"),
        ("Dr A. Martin 2024", "password_common"),
    ],
)
def test_passwords_guessed_first_are_refused(password: str, code: str) -> None:
    """Too short, too long, common, or what everybody knows of its holder; a phrase is good."""
    known = ("a.martin", "Dr A. Martin")
    with pytest.raises(IsoloirError) as refused:
        require_good(password, known)
    assert refused.value.code == code
    require_good("huit chevaux lents", known)


async def test_the_password_of_a_person_costs_what_the_standard_says() -> None:
    """Hashes are argon2id of at least 64 MiB; the holder's is found again whatever way its letters were composed."""
    passwords = Passwords()
    kept = await passwords.hashed("forêt de hêtres verts")
    assert kept.startswith("$argon2id$v=19$m=65536,")
    assert await passwords.same(kept, "fore\u0302t de he\u0302tres verts")
    assert not await passwords.same(kept, "foret de hetres verts")
    assert not await passwords.same("", "")


@on_sqlite
async def test_every_refusal_of_a_login_is_the_same(stage: Any, web: Any, holder: Any) -> None:
    """Unknown name, wrong password, wrong code, an account not activated or disabled: one page, one status."""
    one = await holder(stage)
    await holder(stage, "not.active", role=Role.ORGANISER, board="", member="")
    shut = await holder(stage, "shut", role=Role.SUPPORT, board="", member="")
    async with web(stage) as client:
        await one.activate(client)
        await shut.activate(client)
        await directory.disable(stage.store, stage.only, stage.clock, "shut")
        client.cookies.clear()
        pages = set()
        for name, password, code in (
            ("nobody", one.password, one.code()),
            (one.name, "wrong " + one.password, one.code()),
            (one.name, one.password, "000000"),
            ("not.active", one.password, one.code()),
            ("shut", shut.password, shut.code()),
            ("", "", ""),
            ("é" * 300, "\ud83d" * 3, "½"),
        ):
            sent = {"name": name, "password": password.encode("utf-8", "replace").decode(), "code": code}
            answer = await client.post(f"{B}/login", data=sent)
            assert "set-cookie" not in answer.headers
            pages.add((answer.status_code, answer.headers[REFUSAL], re.sub(r' value="[^"]*"', "", answer.text)))
        assert len(pages) == 1
        assert next(iter(pages))[:2] == (422, "account_refused")


async def test_every_refusal_costs_the_same(stage: Any, web: Any, holder: Any) -> None:
    """Whoever asks, one hash is compared and the same statements are run: nobody learns which names exist."""
    one = await holder(stage)
    seen: list[list[str]] = []
    async with web(stage) as client:
        await one.activate(client)
        accounts = client.app.state.house.accounts
        compared: list[str] = []
        same = accounts.passwords.same

        async def counted(kept: str, typed: str) -> bool:
            compared.append(typed)
            return bool(await same(kept, typed))

        accounts.passwords.same = counted
        from sqlalchemy import event

        statements: list[str] = []
        for engine in stage.store.engines:
            event.listen(
                engine.sync_engine, "before_cursor_execute", lambda *told: statements.append(told[2]), named=False
            )
        for name, code in (("nobody", "000000"), (one.name, "000000"), ("nobody.else", one.code())):
            statements.clear()
            await client.post(f"{B}/login", data={"name": name, "password": "wrong password", "code": code})
            seen.append(list(statements))
    assert compared == ["wrong password"] * 3
    assert seen[0] == seen[1] == seen[2]
    assert seen[0]


async def test_a_code_works_once(stage: Any, web: Any, holder: Any) -> None:
    """The same code, or one of before it, is refused even to who knows the password; the next one is taken."""
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        before = one.code()
        now = one.code()
        assert (await one.log_in(client, code=now)).status_code == 303
        for used in (now, before):
            client.cookies.clear()
            assert (await one.log_in(client, code=used)).headers[REFUSAL] == "account_refused"
        assert (await one.log_in(client)).status_code == 303


@on_sqlite
async def test_a_clock_may_be_half_a_minute_wrong(stage: Any, web: Any, holder: Any) -> None:
    """Codes of the step before and after are taken, those of two steps away are not."""
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        for seconds, fits in ((-60, False), (60, False), (-30, True), (30, True)):
            client.cookies.clear()
            stage.clock.move_to(stage.clock.now() + timedelta(minutes=5))
            moment = int((stage.clock.now() + timedelta(seconds=seconds)).timestamp())
            answer = await one.log_in(client, code=pyotp.TOTP(one.secret).at(moment))
            assert (answer.status_code == 303) is fits


async def test_recovery_codes_work_once_each(stage: Any, web: Any, holder: Any) -> None:
    """A recovery code stands for the telephone once, however it is typed; somebody else's never."""
    one = await holder(stage)
    other = await holder(stage, "other", role=Role.ORGANISER, board="", member="")
    async with web(stage) as client:
        await one.activate(client)
        await other.activate(client)
        client.cookies.clear()
        assert (await one.log_in(client, code=one.codes[0].upper().replace("-", " "))).status_code == 303
        for code in (one.codes[0], other.codes[1]):
            client.cookies.clear()
            assert (await one.log_in(client, code=code)).headers[REFUSAL] == "account_refused"
        assert (await one.log_in(client, code=one.codes[1])).status_code == 303
    assert '"failures":2' in (await told(stage, "account_login"))[-1]


@on_sqlite
async def test_failures_slow_down_who_guesses_and_not_the_holder(stage: Any, web: Any, holder: Any) -> None:
    """After five failures of a name from one address it waits, known or not; from elsewhere its holder gets in."""
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        client.cookies.clear()
        for name in (one.name, "nobody"):
            codes = [
                (await one.log_in(client, name=name, password="wrong", code="000000")).headers[REFUSAL]
                for _ in range(6)
            ]
            assert codes == ["account_refused"] * 5 + ["too_many_requests"]
        accounts = client.app.state.house.accounts
        entered = await accounts.enter(
            stage.only, one.name, one.password, one.code(), address="192.0.2.7", locale="fr"
        )
        assert await accounts.who(stage.only, entered) is not None
        stage.clock.move_to(stage.clock.now() + timedelta(minutes=1))
        assert (await one.log_in(client)).status_code == 303


@on_sqlite
async def test_a_login_begins_under_a_new_handle(stage: Any, web: Any, holder: Any) -> None:
    """Fixation: neither a chosen handle nor one of before the login is logged in afterwards."""
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        before = client.cookies["isoloir-account"]
        assert (await one.log_in(client)).status_code == 303
        assert client.cookies["isoloir-account"] != before
        client.cookies.clear()
        for stolen in (before, "A" * 43):
            answer = await client.get(f"{B}/", headers={"cookie": f"isoloir-account={stolen}"})
            assert answer.headers["location"] == f"{B}/login"


@on_sqlite
async def test_cookies_of_voters_and_accounts_do_not_stand_for_each_other(stage: Any, web: Any, holder: Any) -> None:
    """An account's handle opens nothing as a voter's, nor a voter's as an account's; on https both are __Host-."""
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        handle = client.cookies["isoloir-account"]
        client.cookies.clear()
        assert await stage.sessions.load(handle) is None
        voter = await stage.sessions.start("fr")
        for path, cookie in (("/contests", f"isoloir={handle}"), ("/board/", f"isoloir-account={voter.handle}")):
            answer = await client.get(f"/e/essai-2024{path}", headers={"cookie": cookie})
            assert answer.status_code in (401, 303)
            assert answer.headers.get("location", f"{B}/login") == f"{B}/login"


@on_sqlite
async def test_the_cookie_of_an_account_on_https(secure_stage: Any, web: Any, holder: Any) -> None:
    """On https it is prefixed, Secure, HttpOnly, and of the whole site alone."""
    one = await holder(secure_stage)
    data = {"activation": one.invitation.code, "chosen": one.password, "again": one.password}
    async with web(secure_stage) as client:
        answer = await client.post(f"{B}/activate/{one.invitation.token}", data=data)
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-isoloir-account=")
    assert {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} == {part.strip() for part in cookie.split(";")[1:]}


@on_sqlite
async def test_a_session_of_an_account_ends(stage: Any, web: Any, holder: Any) -> None:
    """After half an hour of nothing, after eight hours of work, and at once when the account is shut or reset."""
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        for _ in range(16):
            stage.clock.move_to(stage.clock.now() + timedelta(minutes=29))
            assert (await client.get(f"{B}/")).status_code == 200
        stage.clock.move_to(stage.clock.now() + timedelta(minutes=29))
        assert (await client.get(f"{B}/")).status_code == 303
        await one.log_in(client)
        stage.clock.move_to(stage.clock.now() + timedelta(minutes=31))
        assert (await client.get(f"{B}/")).status_code == 303
        await one.log_in(client)
        await directory.reset(stage.store, stage.keys, stage.only, stage.clock, one.name)
        assert (await client.get(f"{B}/")).status_code == 303
        assert (await one.log_in(client)).headers[REFUSAL] == "account_refused"


@on_sqlite
async def test_a_new_password_ends_every_other_session(stage: Any, web: Any, holder: Any) -> None:
    """The former password, its sessions and this session's former handle are dead; this window goes on."""
    one = await holder(stage)
    async with web(stage) as client, web(stage) as elsewhere:
        await one.activate(client)
        await one.log_in(elsewhere)
        page = await client.get(f"{B}/password")
        data = {"token": token(page, "password"), "former": one.password, "chosen": "une autre phrase longue",
                "again": "une autre phrase longue"}  # fmt: skip
        for changed, code in (({"former": "wrong"}, "password_refused"), ({"chosen": "x"}, "password_differs"),
                              ({"code": "1"}, "code_refused"), ({"token": "0" * 64}, "form_expired")):  # fmt: skip
            answer = await client.post(f"{B}/password", data={**data, "code": one.code(), **changed})
            assert answer.headers[REFUSAL] == code
        assert (await elsewhere.get(f"{B}/")).status_code == 200
        assert (await client.post(f"{B}/password", data={**data, "code": one.code()})).status_code == 303
        assert (await client.get(f"{B}/")).status_code == 200
        assert (await elsewhere.get(f"{B}/")).status_code == 303
        assert (await one.log_in(elsewhere)).headers[REFUSAL] == "account_refused"
        assert (await one.log_in(elsewhere, password="une autre phrase longue")).status_code == 303


@on_sqlite
async def test_one_person_one_account(stage: Any, web: Any, holder: Any) -> None:
    """A seat, a name and an address have one account; after it is shut the seat may be given to the next person."""
    await holder(stage)
    for changes, code in (
        ({"name": "other"}, "account_seat_taken"),
        ({"name": "a.martin"}, "account_name_taken"),
        ({"name": "UPPER"}, "account_name_form"),
        ({"name": "x1", "board": "local"}, "account_board_unknown"),
        ({"name": "x1", "member": "nobody"}, "account_member_unknown"),
        ({"name": "x1", "role": Role.SUPPORT}, "account_not_member"),
    ):
        with pytest.raises(IsoloirError) as refused:
            await holder(stage, **changes)
        assert refused.value.code == code
    await directory.disable(stage.store, stage.only, stage.clock, "a.martin")
    await holder(stage, "next")
