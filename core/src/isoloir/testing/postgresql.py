"""A PostgreSQL server of one's own, thrown away afterwards: Debian's binaries, a socket in a temporary folder."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from isoloir.store import preparation
from isoloir.store.postgresql import Address
from isoloir.store.safety import THROW_AWAY

BINARIES = Path("/usr/lib/postgresql/15/bin")
_SETTINGS = {
    "cluster_name": THROW_AWAY,
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "wal_recycle": "off",
    "min_wal_size": "32MB",
    "log_line_prefix": "%m %q%u ",
}
_TEMPLATE = "isoloir_template"
_START_SECONDS = 60
_STOP_SECONDS = 30


class Cluster:
    """A server in `folder`, which `start` starts. `url` makes a database with Isoloir's tables."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.log = folder / "log"
        self._settings = {**_SETTINGS, **settings}
        # PostgreSQL refuses to run as root.
        self._user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        self._server: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._prepared = False

    def make(self) -> None:
        """Make an empty cluster."""
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        initdb = [str(BINARIES / "initdb"), "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "-N",
                  "-E", "UTF8", "--locale=C.UTF-8"]  # fmt: skip
        subprocess.run(initdb, check=True, capture_output=True, **self._as())  # noqa: S603 - Debian's program

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(BINARIES / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), *options]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(command, stdout=log, stderr=log, **self._as())  # noqa: S603
        until = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start: see {self.log}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return bool(self.administer("SELECT 1"))
        except OperationalError:
            return False

    def stop(self, *, kill: bool = False) -> None:
        """Stop the server: connections are cut; with `kill` at once, as a machine that loses its power."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT if kill else signal.SIGINT)
            self._server.wait(_STOP_SECONDS)
            self._server = None

    def address(self, database: str, user: str | None = None) -> str:
        """Return the URL of a database as `user`: a prefix of roles, or the superuser ``postgres``."""
        return URL.create("postgresql", user, database=database, query={"host": str(self.folder)}).render_as_string()

    def url(self) -> str:
        """Make an empty database of Isoloir, and return its URL for the settings."""
        if not self._prepared:
            self.prepare(self.address(_TEMPLATE))
            self._prepared = True
        url = self.new()
        name = Address.of(url).database
        self.administer(f'CREATE DATABASE "{name}" TEMPLATE "{_TEMPLATE}"')
        for statement in preparation.plan(Address.of(url)).doors:  # not copied from the template
            self.administer(statement)
        return url

    def new(self) -> str:
        """Return the URL of a database that does not exist."""
        return self.address(f"isoloir_{next(self._numbers)}")

    def admin(self, url: str) -> str:
        """Return the URL of the same database for the superuser."""
        return self.address(Address.of(url).database, "postgres")

    def prepare(self, url: str) -> None:
        """Do what `isoloir database prepare` and `upgrade` do."""
        address = Address.of(url)
        administrator = preparation.administrator(address, self.admin(url))

        async def both() -> None:
            await preparation.prepare(preparation.plan(address), administrator)
            await preparation.upgrade(address, administrator)

        with ThreadPoolExecutor(1) as thread:  # a loop may be running here
            thread.submit(asyncio.run, both()).result()

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected."""
        self.administer(f'DROP DATABASE IF EXISTS "{Address.of(url).database}" WITH (FORCE)')

    def administer(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement as the superuser; return its rows."""
        address = self.address(database, "postgres").replace("postgresql:", "postgresql+psycopg:", 1)
        engine = create_engine(address, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                found = connection.exec_driver_sql(statement)
                return [tuple(row) for row in found] if found.returns_rows else []
        finally:
            engine.dispose()

    def _as(self) -> dict[str, Any]:
        here: dict[str, Any] = {"cwd": self.folder}
        if self._user is None:
            return here
        return {**here, "user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """Make and start a server, and remove it at the end; `settings` are added to those of a throw-away one.

    Raises FileNotFoundError where PostgreSQL 15 is not installed.
    """
    if not (BINARIES / "initdb").exists():
        raise FileNotFoundError("PostgreSQL 15 is not installed: tools/install-test-programs")
    made = Cluster(Path(tempfile.mkdtemp(prefix="isoloir-postgresql-")), **settings)
    try:
        made.make()
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)
