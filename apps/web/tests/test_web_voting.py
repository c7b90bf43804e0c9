"""The voter's way through the pages: landing, login steps, contests, the booth's requests, the two papers."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from isoloir import notifications
from isoloir.errors import IsoloirError
from isoloir.store import message_store

E = "/e/essai-2024"
BOOTH = f"{E}/booth/cspm"


async def log_in(client: Any) -> None:
    await client.post(f"{E}/login", data={"branch": "psc"})
    page = await client.get(f"{E}/login/step")
    token = page.text.split('name="token" value="')[1].split('"')[0]
    await client.post(f"{E}/login/step", data={"token": token, "form": "ordinal.Number", "number": "75/0"})


async def cast(client: Any, stage: Any, contest: str = "cspm", choice: int = 1) -> Any:
    base = f"{E}/booth/{contest}"
    setup = (await client.get(f"{base}/setup")).json()
    token = {"x-isoloir-token": setup["step_token"]}
    drawn = (await client.post(f"{base}/credential", headers=token)).json()
    ballot = stage.ballot(drawn["credential"], contest, choice)
    token["x-isoloir-credential"] = drawn["credential"]
    return await client.post(f"{base}/ballot", content=ballot, headers=token), ballot, token


async def test_before_the_opening_one_is_told_what_to_prepare_and_cannot_log_in(stage: Any, web: Any) -> None:
    """Before the window there is no button, and a login asked all the same is refused with a sentence."""
    await stage.open_vote()
    stage.clock.move_to(stage.only.window.opens - timedelta(hours=1))
    async with web(stage) as client:
        page = await client.get(f"{E}/")
        refused = await client.post(f"{E}/login", data={"branch": "psc"})
    assert "<form" not in page.text.split("<main")[1]
    assert (refused.status_code, refused.headers["isoloir-refusal"]) == (410, "election_not_open")
    assert stage.scripted.asked == []


async def test_after_the_close_nobody_may_log_in(stage: Any, web: Any) -> None:
    """In the minutes of grace a new login is refused."""
    await stage.open_vote()
    stage.clock.move_to(stage.only.window.closes + timedelta(minutes=1))
    async with web(stage) as client:
        refused = await client.post(f"{E}/login", data={"branch": "psc"})
    assert (refused.status_code, refused.headers["isoloir-refusal"]) == (410, "election_closed")


async def test_a_form_with_errors_says_so_first_and_keeps_what_was_typed(stage: Any, web: Any, script: Any) -> None:
    """Errors: 422, a title that begins with it, a summary that takes the focus, the field marked, the value kept."""
    await stage.open_vote()
    wrong = script.field.__class__(**{**vars(script.field), "value": "75 12", "error": "Ce numéro ne va pas."})
    stage.scripted.submits = script.form(fields=[wrong], errors=["Il reste deux essais."], codes=("number_wrong",))
    async with web(stage) as client:
        await client.post(f"{E}/login", data={"branch": "psc"})
        page = await client.get(f"{E}/login/step")
        token = page.text.split('name="token" value="')[1].split('"')[0]
        answer = await client.post(f"{E}/login/step", data={"token": token, "form": "f", "number": "75 12"})
    assert answer.status_code == 422
    assert answer.headers["isoloir-refusal"] == "number_wrong"
    assert "<title>Erreur" in answer.text
    assert 'tabindex="-1" autofocus id="errors"' in answer.text
    assert 'value="75 12"' in answer.text
    assert 'aria-invalid="true" aria-describedby="f-number-hint f-number-error"' in answer.text


async def test_the_way_to_a_provider_is_a_page_not_a_redirect(stage: Any, web: Any, script: Any) -> None:
    """A form's own policy would stop a redirect to the provider: a page leads there, by itself and by a link."""
    await stage.open_vote()
    stage.scripted.shows = script.go_to("https://provider.example/auth?state=a&nonce=b")
    async with web(stage) as client:
        answer = await client.post(f"{E}/login", data={"branch": "psc"})
    assert answer.status_code == 200
    assert 'content="0;url=https://provider.example/auth?state=a&amp;nonce=b"' in answer.text
    assert 'href="https://provider.example/auth?state=a&amp;nonce=b"' in answer.text


async def test_waiting_is_a_page_that_renews_itself_and_asks_for_news(stage: Any, web: Any, script: Any) -> None:
    """Waiting needs no script: the page renews itself, and each renewal ticks."""
    await stage.open_vote()
    stage.scripted.shows = script.wait(5, "Confirmez le nombre 42.", 1, 3)
    async with web(stage) as client:
        await client.post(f"{E}/login", data={"branch": "psc"})
        page = await client.get(f"{E}/login/step")
    assert f'http-equiv="refresh" content="5;url={E}/login/step"' in page.text
    assert "Confirmez le nombre 42." in page.text
    assert ("tick",) in stage.scripted.asked


async def test_a_refusal_says_what_to_do_and_offers_the_ways_in(stage: Any, web: Any, script: Any) -> None:
    """A refused login: its status, its code, its sentence, its remedy, the seconds to wait, buttons to go on."""
    await stage.open_vote()
    offers = [script.offer("password", "Avec mon identifiant")]
    stage.scripted.shows = script.refused("slow_down", "Trop d’essais.", "Attendez.", 429, offers, seconds=40)
    async with web(stage) as client:
        answer = await client.post(f"{E}/login", data={"branch": "psc"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "40")
    assert answer.headers["isoloir-refusal"] == "slow_down"
    for text in ("Trop d’essais.", "Attendez.", 'value="password"', "tel:+33567315303", "<title>Erreur"):
        assert text in answer.text


async def test_a_return_from_a_provider_leaves_its_address_at_once(stage: Any, web: Any) -> None:
    """What the provider sent is handed over once and is in no link; a parameter sent twice is refused."""
    await stage.open_vote()
    async with web(stage) as client:
        await client.post(f"{E}/login", data={"branch": "psc"})
        answer = await client.get(f"{E}/login/callback/psc?code=abc&state=def")
        doubled = await client.get(f"{E}/login/callback/psc?state=a&state=b")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{E}/login/step"
    assert ("returned", "psc", {"code": "abc", "state": "def"}) in stage.scripted.asked
    assert doubled.status_code == 422
    assert "code=" not in doubled.text


async def test_a_whole_vote_in_two_contests(stage: Any, web: Any) -> None:
    """Setup, credential, ballot; the tracker is found; what remains is told; voted contests are shown as voted."""
    await stage.open_vote()
    async with web(stage) as client:
        await log_in(client)
        first, _, _ = await cast(client, stage, "cspm")
        assert first.status_code == 200
        assert [one["id"] for one in first.json()["remaining"]] == ["csn"]
        assert first.json()["logout"] == f"{E}/logout"
        second, _, _ = await cast(client, stage, "csn", choice=0)
        assert second.json()["remaining"] == []
        page = await client.get(f"{E}/contests")
        found = await client.post(f"{E}/box", data={"tracker": first.json()["tracker"]})
    assert page.text.count("Vous avez voté (11") == 2
    assert "Ce bulletin est dans l’urne" in found.text
    assert first.json()["tracker"] not in page.text


async def test_the_setup_gives_the_lists_in_the_order_drawn_with_their_answers(stage: Any, web: Any) -> None:
    """Lists come in the drawn order, each with its own place in the Belenios question."""
    await stage.open_vote()
    async with web(stage) as client:
        await log_in(client)
        setup = (await client.get(f"{BOOTH}/setup")).json()
    assert [(one["id"], one["answer"]) for one in setup["lists"]] == [("list-2", 2), ("list-1", 1), ("list-0", 0)]
    assert setup["voter"] == "Dr Alix Martin"
    assert setup["blank"] is True
    assert setup["preview"] is False
    assert setup["election_json"].encode() == stage.setups["cspm"].serialise()
    assert set(setup["links"]) == {"contests", "not_me", "box", "proof", "accessibility"}


async def test_a_second_vote_is_refused_and_the_same_bytes_again_are_not(stage: Any, web: Any) -> None:
    """The same bytes return the same receipt; another ballot is 409 already_voted."""
    await stage.open_vote()
    async with web(stage) as client:
        await log_in(client)
        first, ballot, token = await cast(client, stage)
        again = await client.post(f"{BOOTH}/ballot", content=ballot, headers=token)
        other = ballot[:-1] + b" }"
        second = await client.post(f"{BOOTH}/ballot", content=other, headers=token)
        setup = await client.get(f"{BOOTH}/setup")
    assert again.json()["tracker"] == first.json()["tracker"]
    assert (second.status_code, second.json()["code"]) == (409, "already_voted")
    assert (setup.status_code, setup.json()["code"]) == (409, "already_voted")


async def test_a_lost_answer_is_given_again_after_the_grace(stage: Any, web: Any) -> None:
    """Who sends the same bytes again when all is over gets the receipt, by any way; another ballot is too late."""
    await stage.open_vote()
    window = stage.only.window
    stage.clock.move_to(window.closes - timedelta(minutes=1))
    async with web(stage) as client:
        await log_in(client)
        for minutes in (10, 20, 29):  # a session that nobody uses would end
            stage.clock.move_to(window.closes + timedelta(minutes=minutes))
            assert (await client.get(f"{E}/contests")).status_code == 200
        first, ballot, headers = await cast(client, stage)
        stage.clock.move_to(window.grace_ends + timedelta(seconds=1))
        bare = {"x-isoloir-token": headers["x-isoloir-token"]}
        again = await client.post(f"{BOOTH}/ballot", content=ballot, headers=bare)
        other = await client.post(f"{BOOTH}/ballot", content=ballot[:-1] + b" }", headers=headers)
    assert (again.status_code, again.json()["tracker"]) == (200, first.json()["tracker"])
    assert (other.status_code, other.json()["code"]) == (410, "election_closed")


async def test_a_receipt_does_not_hang_on_the_message_about_it(
    stage: Any, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the message to the voter cannot be queued, the vote that was cast is acknowledged all the same."""

    async def refuse(*_: Any, **__: Any) -> None:
        raise IsoloirError("storage_unavailable", failure="full")

    await stage.open_vote()
    async with web(stage) as client:
        await log_in(client)
        monkeypatch.setattr(notifications, "queue", refuse)
        answer, _, _ = await cast(client, stage)
    assert answer.status_code == 200
    assert answer.json()["tracker"]


async def test_a_credential_that_is_no_text_is_refused_in_words(stage: Any, web: Any) -> None:
    """Half a surrogate in the place of the credential is no ballot, said in words, and no failure of ours."""
    await stage.open_vote()
    async with web(stage) as client:
        await log_in(client)
        setup = (await client.get(f"{BOOTH}/setup")).json()
        headers = {"x-isoloir-token": setup["step_token"]}
        answer = await client.post(f"{BOOTH}/ballot", content=b'{"credential":"\\ud800"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "ballot_invalid")
    assert answer.json()["sentence"]


async def test_who_only_read_an_opened_ballot_cannot_cast_it(stage: Any, web: Any) -> None:
    """A valid ballot without, or with another, private credential is 403 ballot_not_yours; its maker casts it."""
    await stage.open_vote()
    async with web(stage) as client:
        await log_in(client)
        setup = (await client.get(f"{BOOTH}/setup")).json()
        token = {"x-isoloir-token": setup["step_token"]}
        mine, other = [
            (await client.post(f"{BOOTH}/credential", headers=token)).json()["credential"] for _ in range(2)
        ]
        ballot = stage.ballot(mine, "cspm")
        public = json.loads(ballot)["credential"]
        for private in ("", other, public, mine[:-1]):
            headers = {**token, "x-isoloir-credential": private} if private else token
            refused = await client.post(f"{BOOTH}/ballot", content=ballot, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "ballot_not_yours")
            assert refused.json()["remedy"]
        headers = {**token, "x-isoloir-credential": mine}
        taken = await client.post(f"{BOOTH}/ballot", content=ballot, headers=headers)
    assert taken.status_code == 200


async def test_an_altered_ballot_is_refused_and_nothing_is_written(stage: Any, web: Any) -> None:
    """422, with a sentence and a remedy; the voter may still vote."""
    await stage.open_vote()
    async with web(stage) as client:
        await log_in(client)
        setup = (await client.get(f"{BOOTH}/setup")).json()
        token = {"x-isoloir-token": setup["step_token"]}
        refused = await client.post(f"{BOOTH}/ballot", content=b'{"election_uuid":"x"}', headers=token)
        large = await client.post(f"{BOOTH}/ballot", content=b"x" * 1_100_000, headers=token)
        page = await client.get(f"{E}/contests")
    assert (refused.status_code, refused.json()["code"]) == (422, "ballot_invalid")
    assert refused.json()["sentence"]
    assert refused.json()["help"]["phone"] == "05 67 31 53 03"
    assert large.status_code == 413
    assert "Il vous reste 2 scrutins" in page.text


async def test_the_booth_asks_for_a_token_of_its_contest(stage: Any, web: Any) -> None:
    """Without the header, or with another contest's token, no credential is drawn."""
    await stage.open_vote()
    async with web(stage) as client:
        await log_in(client)
        other = (await client.get(f"{E}/booth/csn/setup")).json()["step_token"]
        for headers in ({}, {"x-isoloir-token": other}, {"x-isoloir-token": "é".encode("latin-1")}):
            answer = await client.post(f"{BOOTH}/credential", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "form_expired")


async def test_the_booth_of_a_contest_that_is_not_mine_gives_nothing(stage: Any, web: Any) -> None:
    """Another college's contest is 403; one that does not exist is 404; without a login 401."""
    await stage.open_vote()
    async with web(stage) as client:
        assert (await client.get(f"{BOOTH}/setup")).status_code == 401
        await log_in(client)
        assert (await client.get(f"{E}/booth/pu/setup")).json()["code"] == "not_in_contest"
        assert (await client.get(f"{E}/booth/none/setup")).status_code == 404


@pytest.mark.parametrize(("minutes", "status"), [(29, 200), (31, 410)])
async def test_who_logged_in_before_the_close_may_finish_within_the_grace(
    stage: Any, web: Any, minutes: int, status: int
) -> None:
    """The thirty minutes' grace: within it the setup is given, after it is not."""
    await stage.open_vote()
    window = stage.only.window
    stage.clock.move_to(window.closes - timedelta(minutes=10))
    async with web(stage) as client:
        await log_in(client)
        stage.clock.move_to(window.closes - timedelta(seconds=1))
        await client.get(f"{E}/contests")
        stage.clock.move_to(window.closes + timedelta(minutes=8))
        await client.get(f"{E}/contests")
        stage.clock.move_to(window.closes + timedelta(minutes=18))
        await client.get(f"{E}/contests")
        stage.clock.move_to(window.closes + timedelta(minutes=minutes))
        assert (await client.get(f"{BOOTH}/setup")).status_code == status


async def test_draws_are_limited(stage: Any, web: Any) -> None:
    """Nobody may draw the whole pool: after twenty draws 429, with the time to wait."""
    await stage.open_vote()
    async with web(stage) as client:
        await log_in(client)
        token = {"x-isoloir-token": (await client.get(f"{BOOTH}/setup")).json()["step_token"]}
        seen = [(await client.post(f"{BOOTH}/credential", headers=token)) for _ in range(21)]
    assert [one.status_code for one in seen[:20]] == [200] * 20
    assert seen[20].status_code == 429
    assert int(seen[20].headers["retry-after"]) > 0


async def test_the_proof_of_vote_names_the_voter_and_never_the_ballot(stage: Any, web: Any) -> None:
    """The proof bears voter, contest and rounded hour, no tracker; without a vote there is none."""
    await stage.open_vote()
    async with web(stage) as client:
        await log_in(client)
        early = await client.get(f"{E}/contests/cspm/proof")
        answer, _, _ = await cast(client, stage)
        page = await client.get(f"{E}/contests/cspm/proof")
    assert early.headers["isoloir-refusal"] == "no_vote_yet"
    for text in ("Attestation de vote", "Dr Alix Martin", "Commission supérieure (CSPM)", "11\u202fh"):
        assert text in page.text
    assert answer.json()["tracker"] not in page.text


async def test_a_voter_is_told_that_a_vote_was_recorded_without_its_tracker(stage: Any, web: Any) -> None:
    """One message is queued for each vote; a repeated cast queues no other."""
    await stage.open_vote()
    async with web(stage) as client:
        await log_in(client)
        _, ballot, token = await cast(client, stage)
        await client.post(f"{BOOTH}/ballot", content=ballot, headers=token)
    async with stage.store.write() as session:
        now = stage.clock.now()
        waiting, _ = await message_store.claim(session, "essai-2024", now, now + timedelta(minutes=1), 10)
    assert [one.key.split("/")[0] for one in waiting] == ["vote_recorded"]


async def test_nothing_secret_is_logged(stage: Any, web: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A whole vote leaves no tracker, credential or token in any log."""
    await stage.open_vote()
    with caplog.at_level(logging.INFO):
        async with web(stage) as client:
            await log_in(client)
            answer, ballot, token = await cast(client, stage)
            await client.post(f"{E}/box", data={"tracker": answer.json()["tracker"]})
    for secret in (answer.json()["tracker"], token["x-isoloir-token"], client.cookies["isoloir"]):
        assert secret not in caplog.text
    assert ballot.decode()[:60] not in caplog.text


async def test_the_booth_is_the_same_bytes_for_everybody(stage: Any, web: Any) -> None:
    """Logged in or not, in any contest, the booth's page is the file itself."""
    from isoloir_web.voter.booth import INDEX

    await stage.open_vote()
    async with web(stage) as client:
        before = await client.get(BOOTH)
        await log_in(client)
        after = await client.get(f"{E}/booth/csn")
    assert before.content == after.content == INDEX.read_bytes()
    assert "set-cookie" not in after.headers
