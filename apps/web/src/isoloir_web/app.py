"""The application: handlers by kind of person, and what holds for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Litestar
from litestar.datastructures import CacheControlHeader, State
from litestar.static_files import create_static_files_router

from isoloir_web import board, demo, public, voter
from isoloir_web.extensions import ExtensionMiddleware
from isoloir_web.forms import FORM_BYTES
from isoloir_web.house import ROOT, House
from isoloir_web.refusals import HANDLERS
from isoloir_web.security import OriginMiddleware, answer_headers
from isoloir_web.sessions import SessionMiddleware

if TYPE_CHECKING:
    from isoloir.instance import Instance


def create_app(instance: Instance) -> Litestar:
    """Return the application that serves `instance`."""
    house = House(instance)
    handlers: list[Any] = [*public.handlers(), *voter.handlers(), *board.handlers(), *_static()]
    if instance.settings.demo:
        handlers += demo.handlers()
    return Litestar(
        handlers,
        middleware=[
            OriginMiddleware(house.site),
            ExtensionMiddleware(instance.windows),
            SessionMiddleware(instance.sessions, house.accounts.sessions, house.site),
        ],
        before_send=[answer_headers(house.site)],
        exception_handlers=HANDLERS,
        request_max_body_size=FORM_BYTES,
        state=State({"house": house}),
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def _static() -> list[Any]:
    kept = CacheControlHeader(max_age=300, public=True, must_revalidate=True)
    opt = {"sessionless": True}
    return [
        create_static_files_router(
            "/static/booth", [ROOT / "static" / "booth"], name="booth", cache_control=kept, opt={**opt, "booth": True}
        ),
        create_static_files_router("/static", [ROOT / "static"], name="static", cache_control=kept, opt=opt),
    ]
