"""What every page needs: the instance, where it is served, its sentences and its templates; built once."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from isoloir.accounts.login import AccountLogin
from isoloir.casting import Verifier
from isoloir.clock import SystemClock
from isoloir.errors import IsoloirError
from isoloir.login.windows import Window
from isoloir.texts import Texts
from isoloir_web.security import Site
from isoloir_web.texts import catalogue

if TYPE_CHECKING:
    from litestar import Request

    from isoloir.config.election import Contest, ElectionFile
    from isoloir.instance import Instance

ROOT = Path(__file__).parent
_FOLDERS = ("voter", "public", "board", "demo")


class House:
    """The instance as the pages see it."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.site = Site.of(instance.settings.base_url)
        self.environment = _environment()
        self.verifier = Verifier()
        # The clock of a demonstration is moved about; telephones go by the hour.
        codes = SystemClock() if instance.settings.demo else instance.clock
        self.accounts = AccountLogin(instance.store, instance.keys, instance.clock, codes=codes)
        counted = (instance.store, instance.keys, instance.clock)
        self.lookups = Window(*counted, "web.lookups", 30, timedelta(minutes=1))
        self.draws = Window(*counted, "web.draws", 20, timedelta(minutes=10))
        self.checks = Window(*counted, "web.seal_checks", 6, timedelta(minutes=1))
        self.documents = Window(*counted, "web.ceremony_documents", 30, timedelta(minutes=10))
        self._texts: dict[str, Texts] = {}
        self._own = instance.texts.overridden(catalogue())

    def election(self, election_id: str) -> ElectionFile:
        """Return the election; raises IsoloirError ``election_unknown``."""
        if election_id not in self.instance.elections():
            raise IsoloirError("election_unknown")
        return self.instance.election(election_id)

    def texts(self, election: ElectionFile | None = None) -> Texts:
        """Return the sentences of an election's pages: its own in front of the web's, the plugins' and the core's."""
        if election is None:
            return self._own
        known = self._texts.get(election.id)
        if known is None:
            known = self.instance.texts_of(election).overridden(catalogue()).overridden(dict(election.texts))
            self._texts[election.id] = known
        return known


def house_of(request: Request[Any, Any, Any]) -> House:
    """Return the house that the application was built on."""
    house = request.app.state.house
    assert isinstance(house, House)
    return house


def contest_of(election: ElectionFile, contest_id: str) -> Contest:
    """Return the contest; raises IsoloirError ``contest_unknown``."""
    try:
        return election.contest(contest_id)
    except KeyError:
        raise IsoloirError("contest_unknown") from None


@cache
def _environment() -> Environment:
    # Of the process: the templates are the same for every application, and take a third of a second to compile.
    loaders = {name: FileSystemLoader(ROOT / name / "templates") for name in _FOLDERS}
    environment = Environment(
        loader=PrefixLoader({"shared": FileSystemLoader(ROOT / "templates"), **loaders}),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in environment.list_templates(extensions=["html"]):
        environment.get_template(name)
    return environment
