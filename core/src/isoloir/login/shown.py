"""What a login shows next, every text already in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from isoloir.hooks import Claim


@dataclass(frozen=True)
class LoggedIn:
    """A voter who has satisfied one branch of the policy. `authenticated_at` is aware, UTC."""

    election_id: str
    entry_id: str = field(repr=False)
    display: str = field(repr=False)
    branch: str
    authenticated_at: datetime
    claims: Mapping[str, Claim] = field(repr=False)


@dataclass(frozen=True)
class BranchOffer:
    """One way in, as the policy names it."""

    id: str
    label: str


@dataclass(frozen=True)
class FieldShown:
    """One field of a form; `value` is what was typed before, empty for secrets; `error` a sentence or empty."""

    name: str
    label: str
    hint: str
    input: str
    autocomplete: str
    inputmode: str
    value: str = field(repr=False)
    error: str
    max_length: int


@dataclass(frozen=True)
class FormShown:
    """A form to draw. `form` is the name to send back; `also` are buttons without fields: (name, label).

    `codes` are the stable codes of `errors` and of the fields' errors, for machines.
    """

    title: str
    intro: str
    fields: list[FieldShown]
    errors: list[str]
    submit: str
    form: str
    also: list[tuple[str, str]]
    step: int
    steps: int
    display: str | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class GoTo:
    """Send the voter to `url`, a provider of identity."""

    url: str = field(repr=False)


@dataclass(frozen=True)
class WaitShown:
    """Show `message` and come back (`Login.tick`) in `seconds`; a meta refresh is enough.

    `title` and `figure` (shown large) are empty where the factor has none.
    """

    seconds: int
    message: str
    step: int
    steps: int
    title: str = ""
    figure: str = ""


@dataclass(frozen=True)
class RefusedShown:
    """One clear page: what happened, what to do next, and the ways in that may be tried.

    `resumable`: the login that was going on in this browser still stands, and `Login.show` goes on with it.
    `seconds`: how long to wait before trying again.
    """

    code: str
    sentence: str
    remedy: str
    status: int
    branches: list[BranchOffer]
    resumable: bool = False
    seconds: int | None = None


@dataclass(frozen=True)
class LoggedInShown:
    """The voter is in."""

    voter: LoggedIn


Shown: TypeAlias = FormShown | GoTo | WaitShown | RefusedShown | LoggedInShown
