"""What a run shows to whom: to somebody outside, on the voter's page, in a log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from isoloir.hooks import FactorForm, Form, PluginConfig, Problem, Proved, Redirect, Refused, Return, Submit, Wait
from isoloir.testing.promises import ContractBroken, promise
from isoloir.testing.run import FactorRun
from isoloir.testing.texts import well_formed


def path(run: FactorRun) -> list[tuple[Any, ...]]:
    """Return what somebody outside sees of each step, random parts aside."""
    found: list[tuple[Any, ...]] = []
    for step in run.steps:
        match step:
            case Form():
                also = tuple(model.__name__ for model in step.also)
                found.append(("form", step.model.__name__, dict(step.errors), _numbers(step.values), also))
            case Redirect():
                found.append(("redirect", step.url.partition("?")[0], sorted(step.returns_with)))
            case Wait():
                found.append(("wait", step.seconds, step.message, _numbers(step.values)))
            case Refused():
                found.append(("refused", step.code, _numbers(step.values)))
            case Proved():
                found.append(("proved", sorted(step.claims)))
    return found


def counted(run: FactorRun) -> dict[str, int]:
    """Return how many failures were counted under each name: what is not counted can be tried for ever."""
    found: dict[str, int] = {}
    for (name, _), count in run.flow.attempts.failures.items():
        found[f"misses counted as {name}"] = found.get(f"misses counted as {name}", 0) + count
    return found


def messages(run: FactorRun) -> list[str]:
    """Return the templates that were asked for, discarded ones too."""
    return [f"the message {message.template}" for message in (*run.flow.sent, *run.flow.discarded)]


def typed(run: FactorRun) -> Iterator[str]:
    """Yield what the voter typed and what came back from a provider."""
    for event in run.events:
        if isinstance(event, Submit):
            yield from (str(value) for value in vars(event.form).values() if len(str(value)) >= 4)
        elif isinstance(event, Return):
            yield from (value for value in event.params.values() if len(value) >= 8)


def delivered(run: FactorRun) -> Iterator[str]:
    """Yield the secrets and addresses of the messages."""
    for message in (*run.flow.sent, *run.flow.discarded):
        yield from (value for value in message.values.values() if len(value) >= 6 and value.isalnum())
        if len(message.address) >= 4:
            yield message.address


def shown(run: FactorRun) -> Iterator[str]:
    """Yield the values that the voter's page shows."""
    for step in run.steps:
        if isinstance(step, Form | Wait | Refused):
            yield from step.values.values()


def printed(run: FactorRun) -> str:
    """Return what a log would hold of the run: refusals, redirections, exceptions."""
    return "".join(repr(step) for step in run.steps if isinstance(step, Refused | Redirect)) + "".join(run.raised)


def undrawable_forms(forms: Iterable[object]) -> Iterator[str]:
    """Yield what keeps the core from drawing a factor's forms."""
    seen: set[str] = set()
    for form in forms:
        if not (isinstance(form, type) and issubclass(form, FactorForm)):
            yield f"{form!r} is no subclass of FactorForm"
            continue
        if form.__name__ in seen:
            yield f"two forms are called {form.__name__}"
        seen.add(form.__name__)
        for name, info in form.model_fields.items():
            extra = info.json_schema_extra
            if not (isinstance(extra, dict) and "input" in extra):
                yield f"{form.__name__}.{name} is not declared with asked()"


async def connection(tested: Any, config: PluginConfig) -> list[Problem]:
    """Return what "test the connection" finds. Raises `ContractBroken` where it raises or answers otherwise."""
    try:
        problems = await tested.check(config)
    except Exception as error:
        raise ContractBroken(
            f"check() raised {type(error).__name__}\n→ return [Problem(code)] for whatever keeps it from working"
        ) from error
    promise(
        isinstance(problems, list) and all(isinstance(one, Problem) and well_formed(one.code) for one in problems),
        "check() answered with something else than a list of Problem(code), lower case with underscores",
        "return [] where nothing is wrong, else [Problem(code)]",
    )
    found: list[Problem] = problems
    return found


def _numbers(values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the places and, where they are numbers (tries left, minutes), their values; masks may differ."""
    return sorted((name, value if str(value).isdigit() else "…") for name, value in values.items())
