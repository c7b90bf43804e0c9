"""docs/accessibility.md claims what the run looks at, no more and no less."""

import re

from .audit import AXE, criteria_of
from .findings import PAGE, criteria, pages_told


def test_the_page_tells_how_each_criterion_is_looked_at():
    """The table has the criteria of WCAG 2.2, A and AA, in order, each with what the run does now."""
    told = re.findall(
        r"^\| ([\d.]+) (.+?) \| (AA?) \| (.+?) \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert told == [(one.id, one.name, one.level, one.how) for one in criteria()]
    assert len(told) == 55


def test_nothing_is_claimed_that_was_not_looked_at():
    """ "nothing" is found only where axe or the run looked; a person's work is called not looked at."""
    found = dict(re.findall(r"^\| ([\d.]+) .+ \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    for one in criteria():
        looked = one.axe or bool(one.run)
        assert not (looked and one.why), one.id
        assert found[one.id] == ("nothing" if looked else "–" if one.why else "not looked at"), one.id


def test_axe_has_a_rule_for_each_criterion_that_is_left_to_it():
    """Criteria marked `axe` are among the tags of axe's own rules."""
    known = set(criteria_of(re.findall(r"wcag\d{3,4}", AXE)))
    assert [one.id for one in criteria() if one.axe and one.id not in known] == []


def test_the_page_names_pages_of_every_kind():
    """The ways in, the booth, the papers, the box, the results, refusals, the demonstration."""
    assert {
        "landing",
        "booth-choose",
        "receipt",
        "proof-of-vote",
        "box-found",
        "results",
        "wrong-number",
    } <= pages_told(PAGE.read_text(encoding="utf-8"))
