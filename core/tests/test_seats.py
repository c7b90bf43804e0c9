from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoloir.seats import AverageStep, CapStep, SeatsError, allocate

votes_of = st.dictionaries(st.sampled_from("ABCDEF"), st.integers(0, 5000), min_size=1)


def test_the_official_result_of_2024_is_found_again():
    """CSPM practitioners 2024: five seats, 3608/2290/800/591 give 3/2/0/0."""
    allocation = allocate(5, {"A": 3608, "B": 2290, "C": 800, "D": 591})
    assert dict(allocation.seats) == {"A": 3, "B": 2, "C": 0, "D": 0}
    assert allocation.quotient == Fraction(7289, 5)
    assert allocation.unallocated == 0


def test_three_seats_for_eleven_six_four():
    """Three seats, 11/6/4 give 2/1/0."""
    assert dict(allocate(3, {"A": 11, "B": 6, "C": 4}).seats) == {"A": 2, "B": 1, "C": 0}


def test_a_short_list_that_is_capped_leaves_its_seats_unallocated():
    """With `cap`, the seats won beyond the candidates go to nobody, and the arithmetic says so."""
    allocation = allocate(5, {"A": 3608, "B": 2290, "C": 800, "D": 591}, candidates={"A": 2})
    assert dict(allocation.seats) == {"A": 2, "B": 2, "C": 0, "D": 0}
    assert allocation.unallocated == 1
    assert CapStep("A", 3, 2) in allocation.steps


def test_a_short_list_can_be_reallocated():
    """With `reallocate`, the same seat goes to the next highest average."""
    votes = {"A": 3608, "B": 2290, "C": 800, "D": 591}
    allocation = allocate(5, votes, candidates={"A": 2}, short_lists="reallocate")
    assert dict(allocation.seats) == {"A": 2, "B": 2, "C": 1, "D": 0}
    assert allocation.unallocated == 0


def test_equal_averages_go_to_the_list_with_more_votes():
    """6/3 votes for two seats, quotient 9/2: A has 1, then A 6/2 equals B 3/1, and A has more votes."""
    allocation = allocate(2, {"B": 3, "A": 6})
    assert dict(allocation.seats) == {"B": 0, "A": 2}
    assert allocation.steps[-1].tie == "votes"


def test_an_undecided_tie_waits_for_the_lot():
    """Two lists equal in average and votes, one seat: refused until the board has drawn, and then as drawn."""
    with pytest.raises(SeatsError) as refusal:
        allocate(1, {"A": 5, "B": 5})
    assert refusal.value.code == "tie_needs_lot"
    assert refusal.value.where == {"seat": 1, "lists": "A, B"}
    assert dict(allocate(1, {"A": 5, "B": 5}, decided=["B"]).seats) == {"A": 0, "B": 1}


def test_the_oldest_candidate_parts_a_tie_where_the_rule_says_so():
    """`votes_then_oldest` asks for the oldest, never for a lot."""
    with pytest.raises(SeatsError) as refusal:
        allocate(1, {"A": 5, "B": 5}, ties="votes_then_oldest")
    assert refusal.value.code == "tie_needs_oldest"
    last = allocate(1, {"A": 5, "B": 5}, ties="votes_then_oldest", decided=["A"]).steps[-1]
    assert isinstance(last, AverageStep)
    assert (last.list, last.tie) == ("A", "oldest")


def test_a_tie_that_changes_nothing_needs_no_lot():
    """Two equal lists and a seat for each: no lot is asked."""
    allocation = allocate(3, {"A": 5, "B": 5, "C": 5})
    assert dict(allocation.seats) == {"A": 1, "B": 1, "C": 1}
    assert dict(allocate(4, {"A": 8, "B": 3, "C": 3}).seats) == {"A": 2, "B": 1, "C": 1}


def test_when_nobody_voted_no_seat_is_allotted():
    """Zero valid votes: every seat unallocated, and no division by zero."""
    allocation = allocate(5, {"A": 0, "B": 0})
    assert (dict(allocation.seats), allocation.unallocated) == ({"A": 0, "B": 0}, 5)


@pytest.mark.parametrize(
    ("seats", "votes", "options", "code"),
    [
        (0, {"A": 1}, {}, "seats_not_positive"),
        (1, {"A": -1}, {}, "votes_negative"),
        (1, {"A": 1}, {"candidates": {"A": -1}}, "candidates_negative"),
        (1, {"A": 1}, {"candidates": {"Z": 1}}, "list_unknown"),
        (1, {"A": 1}, {"decided": ["Z"]}, "list_unknown"),
    ],
)
def test_impossible_numbers_are_refused(seats, votes, options, code):
    """What cannot be a contest is refused by a stable code."""
    with pytest.raises(SeatsError) as refusal:
        allocate(seats, votes, **options)
    assert refusal.value.code == code


@given(st.integers(1, 30), votes_of)
def test_every_seat_goes_to_a_list_that_somebody_chose(seats, votes):
    """Seats and unallocated add up; a list without votes wins nothing; more votes never mean fewer seats."""
    allocation = allocate(seats, votes, decided=sorted(votes))
    assert sum(allocation.seats.values()) + allocation.unallocated == seats
    assert allocation.unallocated == (0 if any(votes.values()) else seats)
    for one in votes:
        assert votes[one] or not allocation.seats[one]
        for other in votes:
            assert votes[one] <= votes[other] or allocation.seats[one] >= allocation.seats[other]


@given(st.integers(1, 30), votes_of)
def test_no_list_gets_fewer_seats_than_its_whole_quotients(seats, votes):
    """The quotient's whole part is a floor (lower quota), and highest average never takes it back."""
    allocation = allocate(seats, votes, decided=sorted(votes))
    for name, count in votes.items():
        if any(votes.values()):
            assert allocation.seats[name] >= int(count / allocation.quotient)


@given(st.integers(1, 12), votes_of, st.data())
def test_a_capped_list_never_exceeds_its_candidates(seats, votes, data):
    """Under both rules a list elects at most its candidates; only `cap` may leave a seat that others could fill."""
    candidates = {name: data.draw(st.integers(0, 12)) for name in votes}
    for rule in ("cap", "reallocate"):
        allocation = allocate(seats, votes, candidates=candidates, short_lists=rule, decided=sorted(votes))
        assert all(allocation.seats[name] <= candidates[name] for name in votes)
        if rule == "reallocate" and allocation.unallocated and any(votes.values()):
            assert all(allocation.seats[name] == candidates[name] for name in votes if votes[name])
