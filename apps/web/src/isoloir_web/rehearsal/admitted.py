"""A test voter who is let in without a login, where no test identity can go any of the ways in.

The scratch election alone does it. What is rehearsed then is all that follows the login; the record says of each way
that nobody went it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from isoloir.hooks import Claim, Compared
from isoloir.instance import Instance
from isoloir.login.shown import LoggedIn
from isoloir_web.security import Site
from isoloir_web.trial.voting import Voter


class Admitted(Voter):
    """A voter whose session the scratch election makes itself."""

    def __init__(self, scratch: Instance, *given: Any) -> None:
        super().__init__(*given)
        self._scratch = scratch

    async def log_in(self) -> bool:
        """Enter."""
        entry, base_url = self.plan.entry, self._scratch.settings.base_url
        session = await self._scratch.sessions.start("fr")
        now = self._scratch.clock.now()
        # As if they had typed what the roll says, and it had been compared: checks of the right to vote ask for it.
        claims = {name: Claim(value, Compared()) for name, value in entry.fields.items() if value}
        voter = LoggedIn(self.election.id, entry.id, entry.display, self.plan.branch, now, claims)
        session.set_voter(voter, self.election.id)
        await self._scratch.sessions.save(session)
        name, host = Site.of(base_url).session_cookie, urlsplit(base_url).hostname or ""
        self.browser.http.cookies.set(name, session.handle, domain=host, path="/")
        return True
