"""One page: its frame (who, when, help line, language) around a template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from litestar import Request, Response
from litestar.datastructures import State
from litestar.enums import MediaType

from isoloir import dates
from isoloir_web.house import House, house_of
from isoloir_web.sessions import visit_of

if TYPE_CHECKING:
    from isoloir.config.election import ElectionFile
    from isoloir.login.shown import LoggedIn
    from isoloir_web.texts import Translate

Asked = Request[Any, Any, State]
"""A request, as the handlers of this application receive it."""

Page = Response[str]
"""An answer in HTML."""


@dataclass(frozen=True)
class Frame:
    """What surrounds every page of an election, in the visitor's language."""

    id: str
    title: str
    window: str
    test: bool
    phone: str
    phone_link: str
    hours: str
    who: str | None


class Speaker:
    """Sentences and dates for one visitor, of one election or of none."""

    def __init__(self, house: House, locale: str, election: ElectionFile | None) -> None:
        self.locale = locale
        self.election = election
        self._texts = house.texts(election)

    def t(self, identifier: str, /, **values: object) -> str:
        """Return the text, its places filled."""
        return self._texts.get(self.locale, identifier, **values)

    def has(self, identifier: str) -> bool:
        """Say whether there is such a text."""
        return self._texts.has(self.locale, identifier)

    def day(self, when: datetime) -> str:
        """Return a day in the election's legal time."""
        return dates.day(self.locale, when, self._zone())

    def moment(self, when: datetime, *, year: bool = False, weekday: bool = False) -> str:
        """Return a day and hour in the election's legal time."""
        return dates.moment(self.locale, when, self._zone(), year=year, weekday=weekday)

    def number(self, value: int) -> str:
        """Return a whole number, its thousands apart."""
        return f"{value:,}".replace(",", "\u202f" if self.locale == "fr" else ",")

    def counted(self, identifier: str, number: int, /, **values: object) -> str:
        """Return the text that follows a number: ``<identifier>_one`` after one, and in French after zero."""
        single = number == 1 or (number == 0 and self.locale == "fr")
        return self.t(f"{identifier}_one" if single else identifier, **values)

    def percent(self, part: int, whole: int) -> str:
        """Return a share in percent, with one or two decimals; a dash for a share of nothing."""
        if whole == 0:
            return "–"
        text = f"{100 * part / whole:.2f}"
        return text.replace(".", ",") + "\u202f%" if self.locale == "fr" else text + "%"

    def _zone(self) -> Any:
        assert self.election is not None
        return self.election.window.opens.tzinfo


def speaker(request: Asked, election: ElectionFile | None = None) -> Speaker:
    """Return what speaks the visitor's language."""
    house = house_of(request)
    return Speaker(house, visit_of(request, house.site).locale, election)


def page(
    request: Asked,
    template: str,
    *,
    election: ElectionFile | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
    here: str | None = None,
    **context: Any,
) -> Page:
    """Render a page; `here` is where its language link leads, when not to the page itself."""
    house = house_of(request)
    visit = visit_of(request, house.site)
    said = speaker(request, election)
    voter = visit.session.voter(election.id) if visit.session and election else None
    html = house.environment.get_template(template).render(
        t=said.t,
        has_text=said.has,
        say=said,
        locale=said.locale,
        frame=_frame(said, election, voter) if election else None,
        language_link=_language_link(here or request.scope["path"], said.locale),
        demo=house.instance.settings.demo,
        error_page=status >= 400,
        **context,
    )
    return Response(html, media_type=MediaType.HTML, status_code=status, headers=headers)


def see_other(path: str) -> Response[None]:
    """Send the visitor on by GET (303)."""
    return Response(None, status_code=303, headers={"location": path})


def address(request: Asked) -> str:
    """Return the visitor's network address, as the server knows it through trusted proxies alone."""
    return request.client.host if request.client else ""


def telephone(number: str) -> str:
    """Return a ``tel:`` address; ten digits that begin with 0 are French ones."""
    digits = re.sub(r"[^0-9+]", "", number)
    return "tel:" + ("+33" + digits[1:] if re.fullmatch(r"0[1-9][0-9]{8}", digits) else digits)


def window_line(say: Speaker) -> str:
    """Return "Vote du 11 juin, 9 h, au 18 juin, 17 h"."""
    assert say.election is not None
    window = say.election.window
    return say.t("web.window", opens=say.moment(window.opens), closes=say.moment(window.closes))


def _frame(say: Speaker, election: ElectionFile, voter: LoggedIn | None) -> Frame:
    return Frame(
        id=election.id,
        title=election.title.get(say.locale),
        window=window_line(say),
        test=election.test,
        phone=election.help_line.phone,
        phone_link=telephone(election.help_line.phone),
        hours=election.help_line.hours.get(say.locale),
        who=voter.display if voter else None,
    )


def _language_link(path: str, locale: str) -> str:
    other = "en" if locale == "fr" else "fr"
    # Only the path: a query may hold what an identity provider sent back.
    return f"{path}?lang={other}"


def translate(request: Asked, election: ElectionFile | None = None) -> Translate:
    """Return ``t`` for the visitor."""
    return speaker(request, election).t
