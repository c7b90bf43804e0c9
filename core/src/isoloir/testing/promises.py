"""How the kit speaks: a broken promise of the plugin, or a mistake in how the author uses the kit."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import NoReturn, TypeVar

import pytest
from pydantic import ValidationError

from isoloir.hooks import PluginConfig

_Contract = TypeVar("_Contract")


class ContractBroken(AssertionError):
    """The plugin did what the contract forbids; the message says what, and what to do."""


def promise(kept: object, broken: str, remedy: str) -> None:
    """Raise `ContractBroken` unless the promise is kept: what is wrong, an arrow, what to do."""
    __tracebackhide__ = True
    if not kept:
        raise ContractBroken(f"{broken}\n→ {remedy}")


def nothing(found: Iterable[str], broken: str, remedy: str) -> None:
    """Raise `ContractBroken` that lists what was found, unless nothing was."""
    __tracebackhide__ = True
    listed = sorted(found)
    promise(not listed, f"{broken}: {'; '.join(listed)}", remedy)


def misused(sentence: str) -> NoReturn:
    """Fail with one sentence to the author of the test, without a traceback through the kit."""
    pytest.fail(f"The kit is not used rightly: {sentence}", pytrace=False)


def given(fixture: str, value: object, kind: type) -> None:
    """Check that a fixture of the author's returned what the kit needs."""
    if isinstance(value, kind):
        return
    wanted = f"{kind.__module__}.{kind.__qualname__}"
    if value is None:
        misused(f"the fixture `{fixture}` returns nothing; end it with `return …`, an instance of {wanted}.")
    if inspect.isclass(value):
        misused(f"the fixture `{fixture}` returns the class {value.__name__}; return an instance of it.")
    misused(f"the fixture `{fixture}` returns a {type(value).__name__}; return an instance of {wanted}.")


def default_config(kind: object) -> PluginConfig:
    """Return a configuration made of defaults alone; misuse where there are keys without one."""
    if not (inspect.isclass(kind) and issubclass(kind, PluginConfig)):
        misused("`config` of what is under test is no class that derives from isoloir.hooks.PluginConfig.")
    try:
        made: PluginConfig = kind()
    except ValidationError as error:
        needed = ", ".join(".".join(map(str, problem["loc"])) or problem["type"] for problem in error.errors())
        misused(f"{kind.__name__} has no default for {needed}; write the fixture `config`, with values for a test.")
    return made


def contract(suite: type[_Contract]) -> type[_Contract]:
    """Mark the async tests of a suite, so that they run whatever the author's asyncio settings are."""
    for name, function in vars(suite).items():
        if name.startswith("test_") and inspect.iscoroutinefunction(function):
            pytest.mark.asyncio(function)
    return suite
