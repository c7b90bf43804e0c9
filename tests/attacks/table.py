"""`make attacks`: run every case against both providers and write docs/security/oidc-attacks.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from .cases import AT_PROVIDER, CASES, Case
from .judge import THE_PROVIDER, Verdict

PAGE = Path(__file__).parents[2] / "docs" / "security" / "oidc-attacks.md"
Rows = Mapping[str, Mapping[str, Verdict]]
"""By case, by provider: what was found."""

_HEAD = """\
# What was tried at the login with a provider of identity, and who refused it

Made by `make attacks` from `tests/attacks/cases.py`; do not edit. Each line is an attack on a login with Pro Santé
Connect, through the whole site: the application, its sessions and its database, with the election of 2024 open and
another one beside it. The attacker has a browser, knows every secret of the elector that does not belong to the
attack (the ordinal number, say), and where the line says so holds the wire between the site and the provider, or
another voter's real tokens.

- **refused with**: the stable code of the refusal, as the page bears it in its header `isoloir-refusal`.
- **by**: the function that said no, found by listening while it happened.
- **against**: the simulator of the plugin, a real Keycloak, or both; a provider that signs what is false can only be
  the simulator.

After each attack no session that any attacker's browser ever held is let in; none of the codes and tokens that were
about stands in a page, or in a line of the log with every logger at its most talkative; and the untouched twin, an
elector who logs in as everybody does, gets in on the same site right after.

{count} attacks; {both} of them against Keycloak too.

| attack | what was done | refused with | by | against |
|---|---|---|---|---|
"""


def line(case: Case, found: Mapping[str, Verdict]) -> str:
    """One line of the page. Where the providers differ in who refuses, each is named."""
    verdicts = {name: found[name] for name in case.against}
    codes = list(dict.fromkeys(_code(one) for one in verdicts.values()))
    checks = list(dict.fromkeys(_check(one) for one in verdicts.values()))
    by = checks[0] if len(checks) == 1 else ", ".join(f"{_check(one)} ({name})" for name, one in verdicts.items())
    return f"| {case.id} | {case.did} | {', '.join(codes)} | {by} | {', '.join(case.against)} |\n"


def _code(verdict: Verdict) -> str:
    return verdict.code if verdict.code == AT_PROVIDER else f"`{verdict.code}`"


def _check(verdict: Verdict) -> str:
    return verdict.check if verdict.check == THE_PROVIDER else f"`{verdict.check}`"


def page(rows: Rows) -> str:
    """The page."""
    return "".join(_lines(rows))


def _lines(rows: Rows) -> Iterator[str]:
    yield _HEAD.format(count=len(CASES), both=sum(len(case.against) > 1 for case in CASES))
    for case in CASES:
        yield line(case, rows[case.id])
