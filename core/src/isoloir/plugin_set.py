"""The plugins of an instance: those of its allow-list, and no other.

Hooks are called once, here; what they return are the objects that the rest works with. Plugins are taken in the
order of their names, so that neither the allow-list's order nor the file system's carries meaning.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Final

import pluggy

from isoloir.errors import IsoloirError
from isoloir.hooks import (
    CONTRACT_VERSION,
    ENTRY_POINTS,
    PROJECT,
    EligibilityCheck,
    Factor,
    IsoloirHooks,
    Notifier,
    PluginConfig,
    RollCheck,
)
from isoloir.texts import Catalogue, read_catalogues

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
HOOKS: Final[Mapping[str, type]] = MappingProxyType(
    {
        "register_factors": Factor,
        "register_eligibility": EligibilityCheck,
        "register_notifiers": Notifier,
        "register_roll_checks": RollCheck,
    }
)
"""Each hook, and what the list that it returns is made of."""


@dataclass(frozen=True)
class Loaded:
    """One loaded plugin: name, version, contract, the hooks it implements and the names of what they registered."""

    name: str
    version: str
    contract_version: int
    hooks: tuple[str, ...]
    registers: tuple[str, ...]


class PluginSet:
    """What the loaded plugins register, each by its name."""

    factors: Mapping[str, Factor[Any]]
    eligibility: Mapping[str, EligibilityCheck[Any]]
    notifiers: Mapping[str, Notifier[Any]]
    roll_checks: Mapping[str, RollCheck]
    catalogue: Catalogue
    versions: Mapping[str, str]
    distributions: Mapping[str, Distribution]
    """Where each plugin's code is, and each one's that it builds on."""
    loaded: tuple[Loaded, ...]

    def __init__(
        self,
        plugins: Mapping[str, object],
        distributions: Mapping[str, Distribution] | None = None,
        catalogues: Mapping[str, Catalogue] | None = None,
    ) -> None:
        """Take plugins by name; raises IsoloirError naming plugin and hook when one breaks the contract."""
        self.distributions = MappingProxyType(dict(distributions or {}))
        self.versions = MappingProxyType(
            {
                name: self.distributions[name].version if name in self.distributions else "0"
                for name in sorted(plugins)
            }
        )
        manager = _manager()
        for name in sorted(plugins):
            _check_hooks(name, plugins[name])
            manager.register(plugins[name], name)
        manager.check_pending()
        names: dict[str, list[str]] = {}
        self.factors = _registered(manager, "register_factors", names)
        self.eligibility = _registered(manager, "register_eligibility", names)
        self.notifiers = _registered(manager, "register_notifiers", names)
        self.roll_checks = _registered(manager, "register_roll_checks", names)
        self.loaded = tuple(
            Loaded(
                name,
                self.versions[name],
                CONTRACT_VERSION,
                _implemented(manager, plugins[name]),
                tuple(sorted(set(names.get(name, ())))),
            )
            for name in sorted(plugins)
        )
        self.catalogue = _merged(catalogues or {})

    @classmethod
    def load(cls, allow: Sequence[str]) -> PluginSet:
        """Load the installed plugins whose entry points are named; the others are not even imported.

        Raises IsoloirError: ``plugin_missing``, ``plugin_twice``, ``plugin_import``, and all that `__init__` does.
        """
        plugins: dict[str, object] = {}
        distributions: dict[str, Distribution] = {}
        catalogues: dict[str, Catalogue] = {}
        available = installed()
        for name in sorted(set(allow)):
            point = _only(name, available)
            try:
                plugins[name] = point.load()
            except Exception as error:
                raise IsoloirError("plugin_import", plugin=name, error=type(error).__name__) from error
            _check_contract(name, getattr(plugins[name], "contract_version", None))
            if point.dist is not None:
                distributions[name] = point.dist
            catalogues[name] = _catalogue(point)
            for base in bases(plugins[name]):
                point = _only(base, available)
                catalogues[base] = _catalogue(point)
                if point.dist is not None:
                    distributions[base] = point.dist
        return cls(plugins, distributions, catalogues)

    @classmethod
    def of(cls, *plugins: object) -> PluginSet:
        """Make a set of modules or objects at hand, for tests; texts are those of a module's own package.

        An object may leave its contract version out; an installed plugin may not.
        """
        named: dict[str, object] = {}
        catalogues: dict[str, Catalogue] = {}
        for plugin in plugins:
            name = _own_name(plugin)
            if name in named:
                raise IsoloirError("plugin_twice", plugin=name, distributions="-")
            _check_contract(name, getattr(plugin, "contract_version", CONTRACT_VERSION))
            named[name] = plugin
            if inspect.ismodule(plugin) and getattr(plugin, "__path__", None):
                catalogues[name] = read_catalogues(plugin.__name__)
                catalogues |= {base: read_catalogues(package_of(base), only=[base]) for base in bases(plugin)}
        return cls(named, catalogues=catalogues)


def installed() -> tuple[EntryPoint, ...]:
    """Return the entry points of every installed plugin, by name, without importing any."""
    unique = {(point.name, point.value, _distribution(point)): point for point in entry_points(group=ENTRY_POINTS)}
    return tuple(unique[key] for key in sorted(unique))


def bases(plugin: object) -> tuple[str, ...]:
    """Return the plugins that one builds on (``builds_on``): their texts are read and their code is sealed with it.

    They are not loaded by that: what they register themselves is of no concern to who allowed the other alone.
    """
    return tuple(getattr(plugin, "builds_on", ()))


def package_of(name: str) -> str:
    """Return the top package of an installed plugin; raises IsoloirError ``plugin_missing`` or ``plugin_twice``."""
    return _only(name, installed()).module.partition(".")[0]


def _only(name: str, available: Sequence[EntryPoint]) -> EntryPoint:
    points = [point for point in available if point.name == name]
    if not points:
        raise IsoloirError("plugin_missing", plugin=name, **_near(name, {point.name for point in available}))
    if len(points) > 1:
        raise IsoloirError(
            "plugin_twice", plugin=name, distributions=", ".join(sorted(_distribution(p) for p in points))
        )
    return points[0]


def _catalogue(point: EntryPoint) -> Catalogue:
    return read_catalogues(point.module.partition(".")[0], only=[point.name])


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else ""


def _own_name(plugin: object) -> str:
    name = getattr(plugin, "__name__", None) or type(plugin).__name__
    return str(name).rpartition(".")[2].removeprefix("isoloir_")


def _near(name: str, known: Iterable[str]) -> dict[str, str]:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return {"near": close[0]} if close else {}


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(IsoloirHooks)
    return manager


def _check_contract(name: str, version: object) -> None:
    if version != CONTRACT_VERSION or isinstance(version, bool):
        shown = version if isinstance(version, int) else "-"
        raise IsoloirError("plugin_contract", plugin=name, found=shown, expected=CONTRACT_VERSION)


def _marked(plugin: object) -> dict[str, Callable[..., object]]:
    marked = {}
    for attribute in dir(plugin):
        # Looked up without running properties: a plugin's code runs when its hooks are called, not before.
        static = inspect.getattr_static(plugin, attribute, None)
        function = static.__func__ if isinstance(static, staticmethod | classmethod) else static
        if inspect.isroutine(function) and getattr(function, f"{PROJECT}_impl", None):
            marked[attribute] = getattr(plugin, attribute)
    return marked


def _check_hooks(name: str, plugin: object) -> None:
    """Refuse a misspelt hook and a wrong signature, in words of our own: pluggy's do not show both signatures."""
    for attribute, function in _marked(plugin).items():
        options = getattr(function, f"{PROJECT}_impl")
        hook = options.get("specname") or attribute
        if hook not in HOOKS:
            raise IsoloirError("plugin_hook_unknown", plugin=name, hook=hook, **_near(hook, HOOKS))
        asynchronous = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        generator = inspect.isgeneratorfunction(function)
        signature = inspect.signature(function)
        wrapper = options.get("wrapper") or options.get("hookwrapper")
        if signature.parameters or asynchronous or generator or wrapper:
            raise IsoloirError(
                "plugin_hook_signature",
                plugin=name,
                hook=hook,
                found=f"{'async ' if asynchronous else ''}def {attribute}({', '.join(signature.parameters)})",
                expected=f"def {hook}() -> list[{HOOKS[hook].__name__}]",
            )
    for hook in HOOKS:
        if hook not in _marked(plugin) and callable(getattr(plugin, hook, None)):
            raise IsoloirError("plugin_hook_unmarked", plugin=name, hook=hook)


def _implemented(manager: pluggy.PluginManager, plugin: object) -> tuple[str, ...]:
    callers = manager.get_hookcallers(plugin) or []
    return tuple(sorted(caller.name for caller in callers))


def _registered(manager: pluggy.PluginManager, hook: str, names: dict[str, list[str]]) -> Mapping[str, Any]:
    """Call one hook, plugin by plugin: called together, one that raises would lose the others' and its own name."""
    found: dict[str, object] = {}
    owners: dict[str, str] = {}
    caller: pluggy.HookCaller = getattr(manager.hook, hook)
    for implementation in sorted(caller.get_hookimpls(), key=lambda one: one.plugin_name):
        owner = implementation.plugin_name
        try:
            returned = implementation.function()
        except Exception as error:
            raise IsoloirError("plugin_hook_failed", plugin=owner, hook=hook, error=type(error).__name__) from error
        if not isinstance(returned, list):
            raise IsoloirError("plugin_hook_returns", plugin=owner, hook=hook, found=type(returned).__name__)
        for one in returned:
            name = _check_registered(owner, hook, one)
            if name in found:
                plugins = ", ".join(sorted({owners[name], owner}))
                raise IsoloirError("plugin_name_twice", plugin=owner, hook=hook, name=name, plugins=plugins)
            found[name] = one
            owners[name] = owner
            names.setdefault(owner, []).append(name)
    return MappingProxyType(dict(sorted(found.items())))


def _check_registered(owner: str, hook: str, one: object) -> str:
    kind = HOOKS[hook]
    if not isinstance(one, kind):
        raise IsoloirError("plugin_hook_returns", plugin=owner, hook=hook, found=f"list[{type(one).__name__}]")
    name = getattr(one, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise IsoloirError("plugin_object_name", plugin=owner, hook=hook, found=type(one).__name__)
    config = getattr(one, "config", None)
    if kind is not RollCheck and not (isinstance(config, type) and issubclass(config, PluginConfig)):
        raise IsoloirError("plugin_object_config", plugin=owner, hook=hook, name=name)
    return name


def _merged(catalogues: Mapping[str, Catalogue]) -> Catalogue:
    """Merge the plugins' texts; two plugins may not give one identifier two texts, for no order would be right."""
    merged: dict[str, dict[str, str]] = {}
    owners: dict[tuple[str, str], str] = {}
    for plugin in sorted(catalogues):
        for locale, texts in catalogues[plugin].items():
            for identifier, text in texts.items():
                former = merged.setdefault(locale, {}).setdefault(identifier, text)
                owner = owners.setdefault((locale, identifier), plugin)
                if former != text:
                    raise IsoloirError("plugin_text_twice", plugin=plugin, other=owner, text=identifier)
    return merged
