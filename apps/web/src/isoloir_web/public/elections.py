"""The elections of this instance, and the pages that every election has."""

from __future__ import annotations

from litestar import Response, route
from litestar.enums import HttpMethod, MediaType
from litestar.params import FromPath

from isoloir import lifecycle
from isoloir_web.house import house_of
from isoloir_web.pages import Asked, Page, Speaker, page, speaker, window_line


@route("/", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def elections(request: Asked) -> Page:
    """List the elections, each with its window and whether one can vote."""
    house = house_of(request)
    say = speaker(request)
    listed = []
    for election_id in house.instance.elections():
        file = house.instance.election(election_id)
        phase = await lifecycle.phase(house.instance.store, file, house.instance.clock)
        window = window_line(Speaker(house, say.locale, file))
        listed.append({"id": file.id, "title": file.title, "window": window, "phase": phase.name.lower()})
    return page(request, "public/elections.html", elections=listed)


@route("/e/{election:str}/accessibility", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def accessibility(request: Asked, election: FromPath[str]) -> Page:
    """Show the accessibility statement."""
    return page(request, "public/accessibility.html", election=house_of(request).election(election))


@route("/health", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt={"sessionless": True, "any_host": True})
async def health(request: Asked) -> Response[str]:
    """Answer ``ok`` while the database can be read."""
    instance = house_of(request).instance
    for election_id in instance.elections():
        await lifecycle.state(instance.store, election_id)
    return Response("ok\n", media_type=MediaType.TEXT)


handlers = (elections, accessibility, health)
