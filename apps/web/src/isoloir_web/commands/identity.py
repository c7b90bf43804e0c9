"""The options of commands that need somebody to prove who voters are: the simulator, or a real Keycloak."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from isoloir.errors import IsoloirError

R = TypeVar("R")


def identity_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add ``--identity`` and ``--keycloak`` (below click's other decorators).

    The command receives `keycloak` alone: the folder of the program, `None` for the simulator. Raises IsoloirError
    ``keycloak_missing`` where there is none.
    """

    @click.option(
        "--identity",
        type=click.Choice(["simulator", "keycloak"]),
        default="simulator",
        show_default=True,
        help="Where voters log in for Pro Santé Connect: its simulator, or the pages of a real Keycloak.",
    )
    @click.option(
        "--keycloak",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(".cache/keycloak"),
        show_default=True,
        help="Where Keycloak is: tools/install-keycloak puts it there.",
    )
    @wraps(command)
    def with_identity(*arguments: Any, identity: str, keycloak: Path, **options: Any) -> R:
        real = identity == "keycloak"
        if real and not (keycloak / "lib").is_dir():
            raise IsoloirError("keycloak_missing", folder=str(keycloak))
        return command(*arguments, keycloak=keycloak if real else None, **options)

    return with_identity
