"""The first page of an election: when, how, what one needs."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import route
from litestar.enums import HttpMethod
from litestar.params import FromPath

from isoloir import extension, lifecycle
from isoloir.config.election import ElectionFile
from isoloir_web.house import House, house_of
from isoloir_web.pages import Asked, Page, Speaker, page, speaker


@dataclass(frozen=True)
class Way:
    """One way in, and what one needs for it."""

    id: str
    label: str
    needs: tuple[str, ...]


@route("/e/{election:str}/", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def landing(request: Asked, election: FromPath[str]) -> Page:
    """Show the election: before the opening what to prepare, then the ways in, then where the results are."""
    house = house_of(request)
    file = house.election(election)
    phase = await lifecycle.phase(house.instance.store, file, house.instance.clock)
    return page(
        request,
        "voter/landing.html",
        election=file,
        phase=phase.name.lower(),
        ways=ways(house, speaker(request, file), file),
        window=file.window,
        extended=await extension.why(house.instance.store, file) if file.is_extended else "",
    )


def ways(house: House, say: Speaker, election: ElectionFile) -> list[Way]:
    """Return the branches as they are offered, with what the plugins say that each needs."""
    with_identifier = house.instance.branches_with_identifier(election)
    found = []
    for branch in election.policy.any:
        needs = [f"invitation.{election.factors[name].plugin}" for name in branch.all]
        if branch.id in with_identifier:
            needs.insert(0, "web.needs.identifier")
        texts = tuple(say.t(need) for need in needs if say.has(need))
        found.append(Way(branch.id, branch.label.get(say.locale), texts))
    return found


handlers = (landing,)
