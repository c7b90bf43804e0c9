"""The ceremony's requests: documents alone, each from the account of its member, told to all, kept once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from isoloir import audit_log, lifecycle
from isoloir.accounts.account import Role
from isoloir.ceremony import hosting
from isoloir.ceremony import member as members
from isoloir.ceremony.documents import Transcript
from isoloir_web.refusals import REFUSAL
from isoloir_web.security import BOOTH_POLICY

K = "/e/essai-2024/board/key"
JSON = {"accept": "application/json"}

pytestmark = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)


async def test_a_member_hands_over_their_own_documents(stage: Any, web: Any, holder: Any) -> None:
    """With the page's token alone, for one's own seat alone; the log says who, and the same again is kept once."""
    one = await holder(stage)
    async with web(stage) as client:
        await one.activate(client)
        page = await client.get(K)
        assert (page.status_code, page.headers["content-security-policy"]) == (200, BOOTH_POLICY)
        assert (await client.get(f"{K}/transcript")).json() is None
        setup = (await client.get(f"{K}/setup")).json()
        assert (setup["board"], setup["member"]) == ("national", "president")
        assert [person["name"] for person in setup["people"]] == ["Alix Martin"]
        begun = await hosting.begin(stage.store, stage.only, stage.clock)
        told = await client.get(f"{K}/transcript")
        assert Transcript.from_json(told.json()) == begun
        tag = told.headers["etag"]
        assert (await client.get(f"{K}/transcript", headers={"if-none-match": tag})).status_code == 304
        share, document = members.begin(begun.plan, "national", "president")
        body = json.dumps(document.to_json())

        async def hand_over(sent: str, token: str = setup["token"]) -> Any:
            return await client.post(f"{K}/documents", content=sent, headers={**JSON, "x-isoloir-token": token})

        for sent, code in (
            (body.replace('"president"', '"secretary"'), "ceremony_not_yours"),
            (body.replace('"national"', '"local"'), "ceremony_not_yours"),
            (body.replace(begun.plan.uuid, "1soLoirTest111"), "ceremony_foreign"),
            (body.replace('"round": "key"', '"round": "complaint"'), "ceremony_not_due"),
            ("[" * 100_000, "form_malformed"),
            ("{}", "form_malformed"),
        ):
            assert (await hand_over(sent)).json()["code"] == code
        assert (await hand_over(body, "x")).headers[REFUSAL] == "form_expired"
        wrong = {**document.to_json(), "body": {**document.body, "bound": {"challenge": "1", "response": "1"}}}
        refused = await hand_over(json.dumps(wrong))
        assert (refused.status_code, refused.json()["code"]) == (422, "ceremony_refused")
        for _ in range(2):
            after = Transcript.from_json((await hand_over(body)).json())
            assert after.documents == (document,)
        assert (await client.get(f"{K}/transcript", headers={"if-none-match": tag})).status_code == 200
        assert members.continue_(after, share)[0].complete
        for _ in range(30):
            answer = await hand_over(body)
        assert answer.headers[REFUSAL] == "too_many_requests"
    lines = await audit_log.lines(stage.store, stage.only.id)
    acts = [(line.act, json.loads(line.details)) for line in lines]
    mine = [told for act, told in acts if act == "account_acts"]
    # The refused one is told too: who acts is written down before it is known what comes of it.
    assert [told["account"] for told in mine] == [one.invitation.account.id] * 2
    assert [told["round"] for act, told in acts if act == "ceremony_document"] == ["key"]


async def test_nobody_else_has_the_page(stage: Any, web: Any, holder: Any) -> None:
    """Organiser and support hold no share: neither the page nor its requests are theirs."""
    await lifecycle.create(stage.store, stage.only, stage.clock)
    for role in (Role.ORGANISER, Role.SUPPORT):
        one = await holder(stage, role.value, role=role, board="", member="")
        async with web(stage) as client:
            await one.activate(client)
            for path in (K, f"{K}/setup", f"{K}/transcript"):
                assert (await client.get(path)).headers[REFUSAL] == "account_role"
            assert "board/key" not in (await client.get("/e/essai-2024/board/")).text
