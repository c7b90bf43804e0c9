"""The public ballot box and the results."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from isoloir import counting, lifecycle, publication, unsealing
from isoloir_ballots.auditor.publication import Publication

E = "/e/essai-2024"
ABSENT = "A" * 43


async def vote(client: Any, stage: Any) -> str:
    await client.post(f"{E}/login", data={"branch": "psc"})
    page = await client.get(f"{E}/login/step")
    token = page.text.split('name="token" value="')[1].split('"')[0]
    await client.post(f"{E}/login/step", data={"token": token, "form": "f", "number": "1"})
    base = f"{E}/booth/cspm"
    headers = {"x-isoloir-token": (await client.get(f"{base}/setup")).json()["step_token"]}
    drawn = (await client.post(f"{base}/credential", headers=headers)).json()["credential"]
    headers["x-isoloir-credential"] = drawn
    answer = await client.post(f"{base}/ballot", content=stage.ballot(drawn, "cspm"), headers=headers)
    return str(answer.json()["tracker"])


async def test_a_tracker_is_found_however_it_is_spaced(stage: Any, web: Any) -> None:
    """Blanks of any kind in what was typed do not count; the contest is named."""
    await stage.open_vote()
    async with web(stage) as client:
        tracker = await vote(client, stage)
        spaced = " \u202f".join(tracker[at : at + 4] for at in range(0, 43, 4))
        found = await client.post(f"{E}/box", data={"tracker": f"  {spaced}\n"})
    assert found.status_code == 200
    assert "Ce bulletin est dans l’urne" in found.text
    assert "Commission supérieure (CSPM)" in found.text


async def test_another_tracker_is_not_found(stage: Any, web: Any) -> None:
    """A tracker that the box does not hold is told so, with whom to call."""
    await stage.open_vote()
    async with web(stage) as client:
        tracker = await vote(client, stage)
        for typed in (ABSENT, tracker.swapcase()):
            missed = await client.post(f"{E}/box", data={"tracker": typed})
            assert missed.headers["isoloir-refusal"] == "tracker_unknown"
            assert "Aucun bulletin ne porte ce numéro" in missed.text


@pytest.mark.parametrize("typed", ["", "   ", "abc", ABSENT + "A", ABSENT[:-1] + "é", "' OR 1=1 --", "%00"])
async def test_what_is_no_tracker_is_refused_with_a_hint(stage: Any, web: Any, typed: str) -> None:
    """What cannot be a tracker is an error at the field."""
    async with web(stage) as client:
        answer = await client.post(f"{E}/box", data={"tracker": typed})
    assert answer.status_code == 422
    assert 'id="tracker-error"' in answer.text


async def test_a_tracker_in_an_address_looks_nothing_up(stage: Any, web: Any) -> None:
    """A tracker given in the query is ignored: it never belongs in an address, nor on a link of ours."""
    await stage.open_vote()
    async with web(stage) as client:
        tracker = await vote(client, stage)
        page = await client.get(f"{E}/box", params={"tracker": tracker})
        found = await client.post(f"{E}/box", data={"tracker": tracker})
    assert tracker not in page.text
    assert f"={tracker}" not in found.text
    assert f"/{tracker}" not in found.text


async def test_look_ups_are_limited(stage: Any, web: Any) -> None:
    """Beyond thirty look-ups a minute from one address: 429, with the time to wait."""
    async with web(stage) as client:
        seen = [await client.post(f"{E}/box", data={"tracker": ABSENT}) for _ in range(31)]
    assert seen[29].status_code == 200
    assert (seen[30].status_code, seen[30].headers["isoloir-refusal"]) == (429, "too_many_requests")
    assert int(seen[30].headers["retry-after"]) > 0


async def test_the_list_shows_what_is_published_and_nothing_earlier(stage: Any, web: Any, tmp_path: Path) -> None:
    """A waiting ballot is not in the list; a published one is, with the list's hash, in the file to save too."""
    await stage.open_vote()
    async with web(stage) as client:
        tracker = await vote(client, stage)
        before = await client.get(f"{E}/box/cspm")
        await publication.publish_due(stage.store, stage.only, stage.clock, stage.keys, least=1, every=timedelta(0))
        after = await client.get(f"{E}/box/cspm")
        counted = await client.get(f"{E}/box")
        saved = await client.get(f"{E}/box/cspm/trackers.txt")
    assert tracker not in before.text
    assert tracker in after.text
    assert saved.text == f"{tracker}\n"
    assert hashlib.sha256(saved.content).hexdigest() in after.text
    assert "attachment" in saved.headers["content-disposition"]
    (tmp_path / "saved.txt").write_bytes(saved.content)
    assert Publication.read(tmp_path / "saved.txt").trackers == (tracker,)
    assert f"{E}/box/cspm/trackers.txt" in after.text
    assert publication.hash_of([tracker]) in after.text
    assert "1 sur 4 (25,00" in counted.text


async def test_the_box_names_the_fingerprint_that_a_checked_ballot_names(stage: Any, web: Any) -> None:
    """What the checking page tells a voter to compare with stands in the box; before there are keys, nothing does."""
    async with web(stage) as client:
        early = await client.get(f"{E}/box")
        await stage.open_vote()
        election_json = (await publication.setup_bytes(stage.store, stage.only.id, "cspm"))[0]
        shown = await client.get(f"{E}/box")
    fingerprint = base64.b64encode(hashlib.sha256(election_json).digest()).rstrip(b"=").decode()
    assert shown.text.count(escape(fingerprint)) == 1
    assert "Empreinte de l’élection" in shown.text
    assert "Empreinte de l’élection" not in early.text


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "1e9", "99999999999"])
async def test_a_page_that_is_not_there_is_404(stage: Any, web: Any, number: str) -> None:
    """Numbers of pages without sense are refused."""
    async with web(stage) as client:
        assert (await client.get(f"{E}/box/cspm", params={"number": number})).status_code == 404


async def test_an_archive_is_there_only_once_written(stage: Any, web: Any) -> None:
    """Before the freeze a sentence says when; afterwards the file comes to the byte, as a download."""
    async with web(stage) as client:
        early = await client.get(f"{E}/box/cspm/archive.bel")
        path = unsealing.archive_path(stage.archives_folder, stage.only, "cspm")
        path.parent.mkdir(parents=True)
        path.write_bytes(b"archive")
        answer = await client.get(f"{E}/box/cspm/archive.bel")
        outside = await client.get(f"{E}/box/..%2f..%2fsecrets/archive.bel")
    assert early.headers["isoloir-refusal"] == "archive_not_yet"
    assert answer.content == b"archive"
    assert "attachment" in answer.headers["content-disposition"]
    assert outside.status_code == 404


def counted(contest: Any, votes: dict[str, int], blank: int, lot: tuple[str, ...] = ()) -> Any:
    counts = counting.Counts(blank, votes)
    allocation = counting.allot(contest, counts, lot)
    total = sum(votes.values()) + blank
    elected = allocation.elected({one.id: one.candidates for one in contest.lists})
    return unsealing.ContestResult(contest.id, 12_000, total, total, counts, allocation, elected, lot)


async def test_results_show_the_whole_arithmetic(stage: Any, web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Votes, turnout, quotient, each average, who takes each seat, the tie and the elected are on the page."""
    first, second, third = stage.only.contests

    async def found(*_: object) -> Any:
        return unsealing.Results(
            "essai-2024",
            (
                counted(first, {"list-0": 3608, "list-1": 2290, "list-2": 1391}, 230),
                counted(second, {"list-0": 100, "list-1": 100, "list-2": 0}, 0, ("list-1", "list-0")),
                counted(third, {"list-0": 0, "list-1": 0, "list-2": 0}, 0),
            ),
        )

    async def phase(*_: object) -> Any:
        return lifecycle.Phase.COUNTED

    monkeypatch.setattr(unsealing, "results", found)
    monkeypatch.setattr(lifecycle, "phase", phase)
    async with web(stage) as client:
        page = (await client.get(f"{E}/results")).text
        english = (await client.get(f"{E}/results?lang=en")).text
    for text in ("1\u202f457,8", "≈\u00a01\u202f202,67", "62,66\u202f%", "Dr Candidat 0C", "Moyenne pour le siège 5"):
        assert text in page
    assert "le sort, tiré par le bureau de vote, l’a donné à la liste Union des praticiens" in page
    assert "Aucun suffrage exprimé\u202f: les 5 sièges restent vacants." in page
    assert "1,457.8" in english


async def test_results_are_not_shown_before_the_board_publishes_them(
    stage: Any, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted but not published, or open: the page says when, and no number."""

    async def found(*_: object) -> Any:
        raise AssertionError("results were read before they were public")

    monkeypatch.setattr(unsealing, "results", found)
    await stage.open_vote()
    async with web(stage) as client:
        page = await client.get(f"{E}/results")
    assert "Les résultats ne sont pas encore connus" in page.text
