"""What a driver says goes no further: its texts hold values, which may be a ballot or a voter."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from isoloir.errors import IsoloirError

_log = logging.getLogger(__name__)
_TALKATIVE = ("aiosqlite", "psycopg", "sqlalchemy.engine.Engine")


def silence_drivers() -> None:
    """Keep the drivers from logging the values they carry: aiosqlite does so at DEBUG, SQLAlchemy prints rows.

    A filter, because a level would be undone by whoever configures logging for more.
    """
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if _is_no_detail not in logger.filters:
            logger.addFilter(_is_no_detail)


def _is_no_detail(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


@asynccontextmanager
async def transaction(engine: AsyncEngine, drivers: type[Exception]) -> AsyncIterator[AsyncSession]:
    """Open a session of one transaction; what the driver (its exceptions: `drivers`) refuses leaves stripped."""
    failure = ""
    session = AsyncSession(engine, expire_on_commit=False)
    try:
        async with session.begin():
            yield session
    except (SQLAlchemyError, drivers) as error:
        failure = stripped(error)
    finally:
        await session.close()
    if failure:
        raise unavailable(failure) from None


def stripped(error: BaseException) -> str:
    """Empty a driver exception of its statement and values; return its class's name."""
    seen: BaseException | None = error
    name = type(error).__name__
    while seen is not None:
        following = seen.__cause__ or seen.__context__
        if isinstance(seen, StatementError):
            seen.statement = None
            seen.params = None
            seen.detail = []
        if isinstance(seen, DBAPIError | StatementError):
            seen.orig = None
        if isinstance(seen, SQLAlchemyError) or type(seen).__module__.partition(".")[0] in ("psycopg", "sqlite3"):
            seen.args = ("",)
        seen = following
    return name


def unavailable(failure: str) -> IsoloirError:
    """Return the refusal of a database that could not do what was asked; the class of the exception is logged."""
    _log.error("the database refused: %s", failure)
    return IsoloirError("storage_unavailable", failure=failure)
