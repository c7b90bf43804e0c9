"""How much one voter's journey asks of the database: a count under a ceiling, so that no repeated read creeps in."""

from pathlib import Path
from typing import Any

import pytest
from journey_kit.counted import Counted, journeys

from isoloir import lifecycle
from isoloir_web.voter import contests

# (statements, transactions) of a voter of two contests, as they are, with no room: whoever makes a request ask more
# raises a number here, and says why.
CEILINGS = {
    ("psc", "sqlite"): (251, 89),
    ("psc", "postgresql"): (182, 93),
    ("password", "sqlite"): (319, 115),
    ("password", "postgresql"): (236, 119),
}
REQUESTS = {"psc": 14, "password": 20}


async def journey_of(folder: Path, url: str, branch: str) -> list[Counted]:
    """Return what the journey of the first voter of two contests asked."""
    async with journeys(folder, url, branch, 3) as done:
        return next(one for one in done if len(one) == REQUESTS[branch])


@pytest.mark.slow
@pytest.mark.parametrize("branch", ["psc", "password"])
async def test_a_journey_asks_no_more_of_the_database_than_it_needs(
    tmp_path: Path, database_url: str, branch: str
) -> None:
    """Statements and transactions of one whole journey stay under what is written here, on both databases."""
    database = database_url.partition(":")[0]
    asked = await journey_of(tmp_path / "trial", database_url if database == "postgresql" else "", branch)
    statements, transactions = CEILINGS[branch, database]
    assert sum(len(one.statements) for one in asked) <= statements
    assert sum(one.transactions for one in asked) <= transactions


@pytest.mark.slow
async def test_the_page_of_contests_reads_nothing_twice_and_a_second_read_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request of a voter reads phase, roll entry and marks once, together; one read more is found out."""

    def of(asked: list[Counted]) -> Counted:
        return next(one for one in asked if one.name == "GET /contests")

    page = of(await journey_of(tmp_path / "good", "", "psc"))
    assert (page.repeated, page.transactions) == ({}, 2)
    usual = contests.require_voter

    async def twice(request: Any, election: Any) -> Any:
        await lifecycle.state(request.app.state.house.instance.store, election.id)
        return await usual(request, election)

    monkeypatch.setattr(contests, "require_voter", twice)
    page = of(await journey_of(tmp_path / "bad", "", "psc"))
    assert page.transactions == 3
    assert list(page.repeated.values()) == [2]
