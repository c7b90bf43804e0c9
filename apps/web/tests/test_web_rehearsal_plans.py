"""Who goes which way in a rehearsal: as few as choose everything, and each mistake once by each way in."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from isoloir import roll
from isoloir.config.election import ElectionFile
from isoloir.config.reading import read_election
from isoloir.counting import choices
from isoloir.plugin_set import PluginSet
from isoloir_web.rehearsal import voters
from isoloir_web.rehearsal.playing import differences

EXAMPLE = Path(__file__).parents[3] / "examples" / "medecins-2024" / "election.toml"
PLUGINS = ("prosante_connect", "ordinal_check", "password_sms", "outbox")
FILE = read_election(EXAMPLE, PluginSet.load(PLUGINS))


def planned(election: ElectionFile) -> voters.Plans:
    """Plan as a rehearsal does, on a roll of its people."""
    tried = voters.tries(election, ["password"])
    invented = voters.invent(election, tried)
    new = [
        roll.NewEntry("Dr", one.last_name, one.first_name, one.email, one.mobile, one.college, (), one.fields, {})
        for one in [*invented.voters, *invented.bystanders]
    ]
    entries = {one.email: one for one in roll.made(election, new)}
    return voters.plan(election, invented, entries, tried)


@given(st.lists(st.integers(0, len(FILE.contests) - 1), min_size=1, unique=True))
@settings(max_examples=30, deadline=None)
def test_every_choice_is_chosen_and_every_mistake_made(kept: list[int]) -> None:
    """In any of its contests, by whoever may vote there; with no more voters than each college's largest needs."""
    election = FILE.model_copy(update={"contests": tuple(FILE.contests[number] for number in sorted(kept))})
    plans = planned(election)
    chosen = Counter((contest, choice) for plan in plans.voters for contest, choice in plan.choices.items())
    assert set(chosen) == {(contest.id, choice) for contest in election.contests for choice in choices(contest)}
    colleges = {contest.colleges[0] for contest in election.contests}
    most = {
        college: max(len(choices(one)) for one in election.contests if one.colleges[0] == college)
        for college in colleges
    }
    assert len(plans.voters) == sum(most.values())
    everybody = [*plans.voters, *plans.bystanders, *plans.strangers]
    made = Counter((plan.branch, plan.mistake) for plan in everybody if plan.mistake)
    assert made == Counter((one.branch, one.mistake) for one in voters.tries(election, ["password"]))
    assert {plan.branch for plan in plans.voters} == {"psc", "password"}
    assert plans.voters[-1].mistake == ""
    assert not any(plan.choices for plan in [*plans.bystanders, *plans.strangers])


def test_a_way_in_of_an_unknown_plugin_is_not_walked() -> None:
    """Its plugin has no test identities; the others are walked, and with none there is no way at all."""
    foreign = FILE.factors["psc"].model_copy(update={"plugin": "of_others"})
    election = FILE.model_copy(update={"factors": {**FILE.factors, "psc": foreign}})
    assert [branch.id for branch in voters.walkable(election)] == ["password"]
    assert [branch.id for branch in voters.walkable(FILE)] == ["psc", "password"]
    alone = election.policy.model_copy(update={"any": election.policy.any[:1]})
    none = election.model_copy(update={"policy": alone})
    assert voters.walkable(none) == []


def test_differences_are_named_down_to_their_key() -> None:
    """A file differs from itself in nothing; a changed window and a changed plugin are named."""
    assert differences(FILE, FILE) == ()
    other = FILE.model_copy(update={"test": False, "window": FILE.window.model_copy(update={"grace_minutes": 5})})
    assert differences(FILE, other) == ("test", "window.grace_minutes")
