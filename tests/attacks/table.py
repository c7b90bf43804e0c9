"""`make attacks`: run every case against both providers and write docs/security/oidc-attacks.md."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator, Mapping

from isoloir_prosante_connect.keycloak import keycloak

from . import judge, noes, providers
from .cases import AT_PROVIDER, CASES, Case
from .judge import THE_PROVIDER, Verdict
from .site import CALLBACKS, ROOT, open_site

PAGE = ROOT / "docs" / "security" / "oidc-attacks.md"
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
    """One line of the page; where the providers differ in who refuses, each is named."""
    verdicts = {name: found[name] for name in case.against}
    codes = _joined({name: one.code for name, one in verdicts.items()}, AT_PROVIDER)
    checks = _joined({name: one.check for name, one in verdicts.items()}, THE_PROVIDER)
    return f"| {case.id} | {case.did} | {codes} | {checks} | {', '.join(case.against)} |\n"


def _joined(words: Mapping[str, str], plain: str) -> str:
    shown = {name: word if word == plain else f"`{word}`" for name, word in words.items()}
    if len(set(shown.values())) == 1:
        return next(iter(shown.values()))
    return ", ".join(f"{word} ({name})" for name, word in shown.items())


def said_on_page(case: Case) -> dict[str, Verdict]:
    """What the published page says of a case, by provider; nothing where it does not have it."""
    for written in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in written.strip("|").split(" | ")]
        if cells[0] == case.id and len(cells) == 5:
            return {name: Verdict(_of(cells[2], name), _of(cells[3], name)) for name in cells[4].split(", ")}
    return {}


def _of(cell: str, name: str) -> str:
    own = re.search(rf"([^,]+?) \({name}\)", cell)
    return (own[1] if own else cell).strip(" `")


def page(rows: Rows) -> str:
    """The page."""
    return "".join(_lines(rows))


def _lines(rows: Rows) -> Iterator[str]:
    yield _HEAD.format(count=len(CASES), both=sum(len(case.against) > 1 for case in CASES))
    for case in CASES:
        yield line(case, rows[case.id])


async def _run(provider: providers.Provider, heard: noes.Noes) -> dict[str, judge.Found]:
    async with open_site(provider, heard) as site:
        cases = [case for case in CASES if provider.name in case.against]
        found = {}
        for number, case in enumerate(cases, 1):
            found[case.id] = await judge.tried(case, site)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{provider.name} {number}/{len(cases)} {case.id}\033[K")
        return found


def main() -> int:
    """Write the page; 1, and no page, if a case is refused by another code than its own, or lets somebody in."""
    found = {}
    with noes.overheard() as heard:
        with providers.simulated(CALLBACKS) as simulated:
            found[simulated.name] = asyncio.run(_run(simulated, heard))
        with keycloak(ROOT / ".cache" / "keycloak") as running:
            real = providers.real(running, CALLBACKS)
            found[real.name] = asyncio.run(_run(real, heard))
    start = "\r\033[K" if sys.stderr.isatty() else ""
    wrong = [
        f"{case.id}, {name}: {found[name][case.id]}"
        for case in CASES
        for name in case.against
        if found[name][case.id].verdict.code != case.code or found[name][case.id].wrong
    ]
    if not wrong:
        rows = {case.id: {name: found[name][case.id].verdict for name in case.against} for case in CASES}
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(rows), encoding="utf-8")
    sys.stderr.write(
        f"{start}{PAGE.name}: {len(CASES)} attacks; not as they should be: {'; '.join(wrong) or 'none'}\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
