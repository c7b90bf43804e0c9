"""Testing the connections of an election's file: each plugin's own check, before anything is sealed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from rich.text import Text

from isoloir.commands.context import console, core_texts, language
from isoloir.config.election import ElectionFile
from isoloir.config.secrets import resolve
from isoloir.errors import IsoloirError
from isoloir.hooks import Factor, Notifier, Problem
from isoloir.plugin_set import PluginSet
from isoloir.texts import LOCALES

_PATIENCE: Final = 60.0
"""How long, in seconds, one plugin's check may take."""


@dataclass(frozen=True)
class Tested:
    """One factor or notifier of an election under the file's name for it, and what its check found."""

    name: str
    plugin: str
    problems: tuple[Problem, ...]


async def try_connections(election: ElectionFile, plugins: PluginSet, folder: Path) -> list[Tested]:
    """Ask every factor and notifier of the election for its own check, all at once.

    Secrets are read relative to `folder`. Nobody is logged in and nothing is sent. What cannot be resolved or raises
    is a Problem too: the code of the refusal, or ``connect_failed``; so that one does not hide the others.
    """
    asked = [
        (name, use.plugin, found[use.plugin], use.config)
        for uses, found in ((election.factors, plugins.factors), (election.notifiers, plugins.notifiers))
        for name, use in uses.items()
    ]
    answers = await asyncio.gather(*(_check(registered, config, folder) for _, _, registered, config in asked))
    return [Tested(one[0], one[1], problems) for one, problems in zip(asked, answers, strict=True)]


async def _check(
    registered: Factor[Any] | Notifier[Any], config: Mapping[str, Any], folder: Path
) -> tuple[Problem, ...]:
    try:
        resolved = registered.config.model_validate(resolve(config, folder))
        async with asyncio.timeout(_PATIENCE):
            return tuple(await registered.check(resolved))
    except IsoloirError as error:
        return (Problem(error.code, {name: str(value) for name, value in error.where.items()}),)
    except Exception as error:
        # Whatever a plugin raises, by its kind alone: its words may hold what it was configured with.
        return (Problem("connect_failed", {"error": type(error).__name__}),)


def as_json(tested: list[Tested], plugins: PluginSet, locale: str) -> list[dict[str, Any]]:
    """Return what was found, as it is told to a program."""
    return [
        {
            "name": one.name,
            "plugin": one.plugin,
            "problems": [
                {"code": problem.code, "severe": problem.severe, **_words(problem, plugins, locale)}
                for problem in one.problems
            ],
        }
        for one in tested
    ]


def show(ctx: click.Context, tested: list[Tested], plugins: PluginSet) -> None:
    """Tell what was found, one line for whatever works, and sentence and remedy for what does not."""
    texts, locale, out = core_texts(), language(ctx), console()
    for one in tested:
        if not one.problems:
            out.print(
                Text(texts.get(locale, "election.connect.works", name=one.name, plugin=one.plugin), style="green")
            )
        for problem in one.problems:
            said = _words(problem, plugins, locale)
            out.print(Text(f"{one.name} ({one.plugin}): [{problem.code}] {said['sentence']}"),
                      style="bold red" if problem.severe else "yellow")  # fmt: skip
            out.print(Text(f"  → {said['remedy']}", style="green"))


def severe(tested: list[Tested]) -> bool:
    """Say whether anything found would keep voters out."""
    return any(problem.severe for one in tested for problem in one.problems)


def _words(problem: Problem, plugins: PluginSet, locale: str) -> dict[str, str]:
    """Return sentence and remedy, from the plugins' catalogues or the core's."""
    texts = core_texts().overridden({name: plugins.catalogue.get(name, {}) for name in LOCALES})
    return {
        "sentence": texts.get(locale, f"error.{problem.code}", **problem.values),
        "remedy": texts.get(locale, f"error.{problem.code}.remedy", **problem.values),
    }
