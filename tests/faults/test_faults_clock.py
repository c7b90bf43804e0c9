"""A machine whose clock is stepped while voters vote."""

from datetime import UTC, datetime, timedelta

import pytest


@pytest.mark.slow
async def test_a_step_back_costs_nothing(failing, database_name, told):
    """Three quarters of an hour back, still within the window: who is in goes on, others come in."""
    async with failing.logged_in(0) as voter:
        first, second = failing.contests(voter)[:2]
        assert (await failing.cast(voter, first, *await failing.ballot(voter, first)))[0] == 200
        failing.instance.clock.move_to(datetime.now(UTC) - timedelta(minutes=45))
        assert (await failing.cast(voter, second, *await failing.ballot(voter, second)))[0] == 200
    async with failing.logged_in(1, "password") as other:
        contest = failing.contests(other)[0]
        assert (await failing.cast(other, contest, *await failing.ballot(other, contest)))[0] == 200
    assert await failing.box_and_book() == (3, 3)
    assert not failing.codes()
    told(
        f"clock stepped back by 45 minutes, within the window ({database_name})",
        "nothing",
        "sessions, logins and votes went on",
    )


@pytest.mark.slow
async def test_a_step_on_costs_at_most_a_login(failing, database_name, told):
    """Three hours on, still within the window: who was in is told to log in again, and votes; nothing is lost."""
    async with failing.logged_in(0) as voter:
        first, second = failing.contests(voter)[:2]
        assert (await failing.cast(voter, first, *await failing.ballot(voter, first)))[0] == 200
        sent = await failing.ballot(voter, second)
        failing.instance.clock.move_to(datetime.now(UTC) + timedelta(hours=3))
        status, answer = await failing.cast(voter, second, *sent)
        assert (status, answer["code"]) == (401, "not_logged_in")
    async with failing.logged_in(0) as voter:
        assert (await failing.cast(voter, second, *await failing.ballot(voter, second)))[0] == 200
    assert await failing.box_and_book() == (2, 2)
    told(
        f"clock stepped on by three hours, within the window ({database_name})",
        "to log in again",
        "the vote went on; nothing was lost",
    )


@pytest.mark.slow
async def test_a_step_beyond_the_close_refuses_in_words_until_it_is_put_right(failing, database_name, told):
    """Stepped past the close: votes are refused as too late, in words; put right, the vote goes on, nothing lost."""
    async with failing.logged_in(0) as voter:
        first, second = failing.contests(voter)[:2]
        assert (await failing.cast(voter, first, *await failing.ballot(voter, first)))[0] == 200
        sent = await failing.ballot(voter, second)
        failing.instance.clock.move_to(failing.election.window.grace_ends + timedelta(hours=1))
        status, answer = await failing.cast(voter, second, *sent)
        assert status in (401, 410)
        assert answer["code"] in ("election_closed", "not_logged_in", "session_ended")
        await failing.ask(voter.browser, f"{failing.root}/", f"{failing.root}/box", f"{failing.root}/contests")
        failing.instance.clock.move_to(datetime.now(UTC))
    async with failing.logged_in(0) as voter:
        assert (await failing.cast(voter, second, *await failing.ballot(voter, second)))[0] == 200
    assert await failing.box_and_book() == (2, 2)
    told(
        f"clock stepped beyond the close, then put right ({database_name})",
        "that the vote is closed, or to log in again; with the help line",
        "nothing was cast meanwhile; the vote went on afterwards",
    )
