"""What an election's file asks of plugins: that they are loaded, configured as they wish, and suffice together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from pydantic import SecretStr, TypeAdapter, ValidationError

from isoloir.config.election import AcceptedRisk, Identifiers, Policy, Roll
from isoloir.config.located import Found, KeyPath, near
from isoloir.config.schema import is_secret, schema_mistakes, value_at
from isoloir.config.secrets import is_reference
from isoloir.hooks import Channel, ClaimName, Delivered, Factor, Notifier, PluginConfig, Vouching
from isoloir.plugin_set import PluginSet
from isoloir.policy import asks_identifier, weaknesses
from isoloir.texts import LOCALES, Catalogue

_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_STANDING_IN = SecretStr("x" * 40)
"""Stands for a secret that nobody resolves to check a file; what a model says of its content is not heard."""


@dataclass(frozen=True)
class _Use:
    """One use of a plugin: where it is written, what it names, and what that is, if it is loaded."""

    path: KeyPath
    raw: Mapping[str, Any]
    plugin: Any


def plugin_mistakes(raw: Mapping[str, Any], plugins: PluginSet, catalogue: Catalogue) -> Iterator[Found]:
    """Yield every mistake that only the plugins can tell, `policy_too_weak` among them."""
    uses = [
        *_uses(raw, "factors", plugins.factors),
        *_uses(raw, "eligibility", plugins.eligibility),
        *_uses(raw, "notifiers", plugins.notifiers),
    ]
    known: Mapping[str, Mapping[str, Any]] = {
        "factors": plugins.factors,
        "eligibility": plugins.eligibility,
        "notifiers": plugins.notifiers,
    }
    for use in uses:
        name, kind = use.raw.get("plugin"), str(use.path[0])
        if use.plugin is None:
            if isinstance(name, str):
                yield Found((*use.path, "plugin"), f"plugin_unknown_{kind}", near(name, known[kind]))
        else:
            yield from _configuration(use, catalogue)
        channel = use.path[-1]
        if isinstance(use.plugin, Notifier) and channel in get_args(Channel) and channel not in use.plugin.channels:
            yield Found((*use.path, "plugin"), "notifier_channel", {"channel": str(channel)})
    yield from _policy(raw, uses)
    yield from _texts(raw, catalogue)


def _uses(raw: Mapping[str, Any], key: str, known: Mapping[str, Any]) -> Iterator[_Use]:
    written = raw.get(key)
    if isinstance(written, Mapping):
        entries = list(written.items())
    else:
        entries = list(enumerate(written)) if isinstance(written, list) else []
    for place, use in entries:
        if isinstance(use, Mapping):
            name = use.get("plugin")
            yield _Use((key, place), use, known.get(name) if isinstance(name, str) else None)


def _configuration(use: _Use, catalogue: Catalogue) -> Iterator[Found]:
    """Check a plugin's configuration by the plugin's own model, secrets neither resolved nor written in clear."""
    written = use.raw.get("config", {})
    if not isinstance(written, Mapping):
        return
    model: type[PluginConfig] = use.plugin.config
    base = (*use.path, "config")
    name = str(use.raw.get("plugin"))
    clear = [path for path, value in _leaves(written, ()) if is_secret(model, path) and not is_reference(value)]
    for path in clear:
        plain = isinstance(value_at(written, path), str)
        where = {"field": str(path[-1]), "plugin": name}
        yield Found((*base, *path), "secret_in_clear" if plain else "secret_form", where)
    standing_in = cast(Mapping[str, Any], _standing_in(written, (), clear))
    for one in schema_mistakes(model, standing_in):
        value = value_at(written, one.path)
        if one.path in clear:
            continue
        if is_reference(value):
            if not is_secret(model, one.path):
                yield Found((*base, *one.path), "reference_not_secret", {"plugin": name})
            continue
        if f"error.{one.code}" not in catalogue.get(LOCALES[0], {}):
            yield Found((*base, *one.path), "value_refused", {"rule": one.code, "plugin": name})
            continue
        yield Found((*base, *one.path), one.code, {"plugin": name, **one.where}, one.words)


def _leaves(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    if is_reference(value):
        yield path, value
    elif isinstance(value, Mapping):
        if path:
            yield path, value
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path, value


def _standing_in(value: Any, path: KeyPath, clear: list[KeyPath]) -> Any:
    if is_reference(value) or path in clear:
        return _STANDING_IN
    if isinstance(value, Mapping):
        return {key: _standing_in(inner, (*path, key), clear) for key, inner in value.items()}
    if isinstance(value, list):
        return [_standing_in(inner, (*path, index), clear) for index, inner in enumerate(value)]
    return value


def _vouchings(uses: list[_Use]) -> tuple[dict[str, Mapping[ClaimName, Vouching]], list[Found]]:
    """Ask every factor that is well configured what it vouches for."""
    told: dict[str, Mapping[ClaimName, Vouching]] = {}
    failed = []
    for use in uses:
        written = use.raw.get("config", {})
        if not isinstance(use.plugin, Factor) or not isinstance(written, Mapping):
            continue
        try:
            config = use.plugin.config.model_validate(_standing_in(written, (), []))
        except ValidationError:
            continue
        try:
            told[str(use.path[-1])] = use.plugin.vouches(config)
        except Exception as error:  # a plugin may raise anything; the file is then refused
            where = {"plugin": str(use.raw.get("plugin")), "error": type(error).__name__}
            failed.append(Found(use.path, "plugin_vouches_failed", where))
    return told, failed


def _policy(raw: Mapping[str, Any], uses: list[_Use]) -> Iterator[Found]:
    vouchings, failed = _vouchings([use for use in uses if use.path[0] == "factors"])
    yield from failed
    try:
        policy = Policy.model_validate(raw.get("policy"))
        roll = Roll.model_validate(raw.get("roll", {}))
        identifiers = Identifiers.model_validate(raw.get("identifiers", {}))
        accepts = TypeAdapter(tuple[AcceptedRisk, ...]).validate_python(raw.get("accepts", ()))
    except ValidationError:
        return  # the schema tells what is wrong; without it, strength cannot be told
    indexes = {branch.id: index for index, branch in enumerate(policy.any)}
    usable = {branch.id for branch in policy.any if all(instance in vouchings for instance in branch.all)}
    for weakness in weaknesses(policy, vouchings, roll.fields, accepts, identifier_channel=identifiers.channel):
        if weakness.branch in usable:
            yield Found(
                ("policy", "any", indexes[weakness.branch], "all"),
                "policy_too_weak",
                {"branch": weakness.branch},
                tuple(f"weakness.{name}" for name in weakness.missing),
            )
    needed = {
        by.channel
        for branch in policy.any
        for instance in branch.all
        for by in vouchings.get(instance, {}).values()
        if isinstance(by, Delivered)
    }
    if any(asks_identifier(branch, vouchings, roll.fields) for branch in policy.any if branch.id in usable):
        needed.add(identifiers.channel)
    carried = raw.get("notifiers", {})
    # Letters go out as an export; e-mail and telephone need somebody to carry them.
    for channel in sorted(needed - {"post"} - set(carried if isinstance(carried, Mapping) else ())):
        yield Found(("notifiers",), "notifier_missing", {"channel": channel})


def _texts(raw: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Found]:
    """Refuse a text in place of none, and a place that the text it replaces does not fill."""
    written = raw.get("texts")
    for locale, overrides in (written if isinstance(written, Mapping) else {}).items():
        if locale not in LOCALES or not isinstance(overrides, Mapping):
            continue
        known = catalogue.get(locale, {})
        for identifier, text in overrides.items():
            path = ("texts", locale, identifier)
            if identifier not in known:
                yield Found(path, "text_unknown", near(identifier, known))
            elif isinstance(text, str):
                strange = sorted(set(_PLACE.findall(text)) - set(_PLACE.findall(known[identifier])))
                if strange:
                    yield Found(path, "text_place", {"place": strange[0]})
