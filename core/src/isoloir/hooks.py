"""The plugin contract, whole, version 1. A plugin imports this module and nothing else of Isoloir.

A plugin is a Python distribution with an entry point in the group ``isoloir.plugins``. Its hooks are called
once, at start-up, and return lists of objects; the work is done by async methods of those objects. Order
never carries meaning.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeAlias, TypeVar

import httpx2
import pluggy
from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic import Field as _PydanticField

from isoloir import telephone as telephone  # for plugins: a mobile is read in one way wherever it is written
from isoloir.clock import Clock

CONTRACT_VERSION = 1
PROJECT = "isoloir"
ENTRY_POINTS = "isoloir.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
ClaimName: TypeAlias = str
"""What a factor proves: the name of a roll field (``rpps``, ``ordinal_number``), ``identifier``, or a secret's own
name (``one_time_password``)."""
Channel: TypeAlias = Literal["email", "sms", "post"]


# --- how a claim is known -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asserted:
    """A provider of identity says it, at `level` or better (``eidas1`` < ``eidas2`` < ``eidas3``)."""

    level: str


@dataclass(frozen=True)
class Delivered:
    """A secret was delivered over `channel` and came back; `to` says whose address it went to."""

    channel: Channel
    to: Literal["roll", "typed"] = "roll"


@dataclass(frozen=True)
class Compared:
    """The voter typed it and it equals the roll's value. It is a challenge only where the roll field is secret."""


@dataclass(frozen=True)
class Typed:
    """The voter typed it; nothing confirms it."""


Vouching: TypeAlias = Asserted | Delivered | Compared | Typed


@dataclass(frozen=True)
class Claim:
    """One thing proved: its value, and how it is known (one of the vouchings that the factor declares)."""

    value: str = field(repr=False)
    by: Vouching


# --- configuration and forms ----------------------------------------------------------------------------


class PluginConfig(BaseModel):
    """Base of every plugin's configuration: unknown keys are errors, and inputs are never echoed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NoConfig(PluginConfig):
    """The configuration of what needs none."""


class FactorForm(BaseModel):
    """Base of every form that a factor asks; labels and hints come from the plugin's catalogue.

    Ids: ``form.<Form>.title``, ``form.<Form>.intro`` (optional), ``form.<Form>.submit`` (optional),
    ``form.<Form>.<field>.label`` and ``.hint``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, str_strip_whitespace=True)


def asked(
    *,
    input: Literal["text", "tel", "email", "password"] = "text",
    autocomplete: str = "off",
    inputmode: Literal["text", "numeric", "tel", "email"] = "text",
    keep: bool = True,
    min_length: int = 1,
    max_length: int = 64,
) -> Any:
    """Declare a text field of a form. `keep` false: what was typed is never shown again (secrets)."""
    return _PydanticField(
        min_length=min_length,
        max_length=max_length,
        repr=keep,
        json_schema_extra={
            "input": input,
            "autocomplete": autocomplete,
            "inputmode": inputmode,
            "keep": keep,
        },
    )


# --- events and steps -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start:
    """The voter arrives at this factor."""


@dataclass(frozen=True)
class Submit:
    """The voter submitted a form that the factor showed; `form` is a valid instance of it."""

    form: FactorForm = field(repr=False)


@dataclass(frozen=True)
class Return:
    """The voter came back to the callback with `params`; the core has compared and consumed the token."""

    params: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Tick:
    """The time that `Wait` asked for has passed."""


Event: TypeAlias = Start | Submit | Return | Tick


@dataclass(frozen=True)
class Form:
    """Ask: show `model`, with a stable error code by field (``""`` for the whole form).

    `values` fill the places of its texts (a masked number, tries left); `also` are forms without fields,
    offered as secondary buttons (send again). `state` replaces the factor's stored state.
    """

    model: type[FactorForm]
    errors: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, Json] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    also: Sequence[type[FactorForm]] = ()


@dataclass(frozen=True)
class Redirect:
    """Send the voter to `url` (https, or loopback http), to come back to ``flow.callback``.

    `returns_with` says which parameter will carry ``flow.token`` back.
    """

    url: str = field(repr=False)
    returns_with: Mapping[str, str] = field(default_factory=dict, repr=False)
    state: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Wait:
    """Come back in `seconds`; `message` is the id of the text shown meanwhile, `values` fill its places.

    ``<message>.title`` (optional) is the page's heading, ``<message>.figure`` (optional) what is shown large: a
    number to compare, say.
    """

    seconds: int
    message: str
    state: Mapping[str, Json] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Proved:
    """Done: these claims are proved. `display` ("Dr Alix Martin") is shown with "this is not me", never compared."""

    claims: Mapping[ClaimName, Claim]
    display: str | None = None


@dataclass(frozen=True)
class Refused:
    """No: the stable `code` has a sentence and a remedy in the plugin's catalogue (``error.<code>``).

    With `seconds` (1 to 3600) what was asked is away, and no voter at fault: after so many it may be tried again, and
    nothing is counted against anybody.
    """

    code: str
    values: Mapping[str, str] = field(default_factory=dict)
    seconds: int | None = None


Step: TypeAlias = Form | Redirect | Wait | Proved | Refused


@dataclass(frozen=True)
class Problem:
    """What "test the connection" found: a stable `code`, and places for its sentence."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict)
    severe: bool = True


# --- what a factor may use ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """The roll entry selected so far: an opaque handle, without any contact detail."""

    handle: str = field(repr=False)


@dataclass(frozen=True)
class ToEntry:
    """Send to the address that the roll (or a bound mobile) holds for the selected entry."""

    channel: Channel


@dataclass(frozen=True)
class ToTyped:
    """Send to an address that the voter typed."""

    channel: Channel
    address: str = field(repr=False)


class Secrets(Protocol):
    """Small secrets kept encrypted, server-side, with an expiry; one value by name, the last one wins."""

    async def put(self, name: str, value: str, lasts: timedelta) -> None:
        """Keep `value` for that long; a former one is gone."""
        ...

    async def get(self, name: str) -> str | None:
        """Return the value, or `None` when there is none or it has expired."""
        ...

    async def delete_if(self, name: str, value: str) -> bool:
        """Delete the secret if it still has that value; true for exactly one caller."""
        ...


class ScopedSecrets(Secrets, Protocol):
    """The flow's own secrets, and a door to those of this factor instance and an entry, or a typed text.

    The flow's own end with the browser's session (two hours at most), whatever is asked for.
    """

    def of(self, subject: Entry | str) -> Secrets:
        """Return the secrets of that entry, or of that typed text, and this factor instance.

        Those of a typed text are seen by every window in which somebody types it: what is kept there proves nothing.
        """
        ...


class Attempts(Protocol):
    """Counts failures by name and subject, across branches; subjects that are typed are kept as HMAC."""

    async def check(self, name: str, subject: Entry | str) -> timedelta:
        """Return how long to wait before another try; zero when one may be made now."""
        ...

    async def fail(self, name: str, subject: Entry | str) -> int:
        """Count one failure; return how many are left before waiting begins (never negative)."""
        ...


@dataclass(frozen=True)
class FlowElection:
    """What a factor may know of the election: its id, and whether it is a rehearsal or demonstration."""

    id: str
    test: bool


class Flow(Protocol):
    """What a factor may use, and nothing else. One voter, one factor instance, one attempt."""

    @property
    def election(self) -> FlowElection:
        """The election being voted in."""
        ...

    @property
    def instance(self) -> str:
        """The name that the election gives to this factor."""
        ...

    @property
    def token(self) -> str:
        """What must come back with `Return`; the core compares and consumes it."""
        ...

    @property
    def callback(self) -> str:
        """The one fixed address, per election and factor instance, that the provider returns to."""
        ...

    @property
    def locale(self) -> str:
        """``fr`` or ``en``."""
        ...

    @property
    def claims(self) -> Mapping[ClaimName, Claim]:
        """What has been proved so far, by any factor of this attempt."""
        ...

    @property
    def state(self) -> Mapping[str, Json]:
        """The state that this factor's last step left."""
        ...

    @property
    def entry(self) -> Entry | None:
        """The roll entry selected so far, or `None`. A factor behaves alike with and without."""
        ...

    @property
    def secrets(self) -> ScopedSecrets:
        """Where one-time passwords and verifiers are kept."""
        ...

    @property
    def attempts(self) -> Attempts:
        """The counter of failures."""
        ...

    @property
    def http(self) -> httpx2.AsyncClient:
        """A client with time-outs, without redirects; it shows the factor's `certificate`, if it has one."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    def matches(self, field: str, value: str) -> bool:
        """Compare with the entry's value by the field's normaliser, in constant time; false without an entry."""
        ...

    def masked(self, channel: Channel) -> str | None:
        """Return the entry's address on that channel, masked (``06 •• •• •• 78``), or `None` when the roll has none.

        Without an entry it returns a mask all the same, so that a miss looks like a hit.
        """
        ...

    async def bind(self, channel: Channel, address: str, serves: int) -> str | None:
        """Bind a typed address to the entry, for good, and tell the voter's e-mail.

        Returns `None` when bound (or already bound to that same address), else the stable code of the refusal:
        ``address_bound`` (another is bound already) or ``address_shared`` (it serves `serves` voters already).
        Without an entry it returns `None` and binds nothing.
        """
        ...

    async def notify(
        self, template: str, values: Mapping[str, str], to: ToEntry | ToTyped, supersedes: str | None = None
    ) -> None:
        """Queue the message ``template.<name>`` (and ``.subject`` for e-mail); discarded without an entry.

        `supersedes` names what it replaces: waiting messages under the same key for this voter are dropped.
        """
        ...

    def exclusive(self, name: str, subject: str) -> AbstractAsyncContextManager[bool]:
        """Hold the one place for `name` and `subject`; yields false where another window holds it."""
        ...


# --- what a plugin registers ----------------------------------------------------------------------------

C = TypeVar("C", bound=PluginConfig)


@dataclass(frozen=True)
class ClientCertificate:
    """What a site shows in a TLS handshake, in PEM: its certificate and those above it, and its private key."""

    chain: SecretStr
    key: SecretStr


class Factor(ABC, Generic[C]):
    """A factor of authentication: it asks, and proves claims."""

    name: ClassVar[str]
    config: type[C]
    forms: ClassVar[tuple[type[FactorForm], ...]] = ()

    @abstractmethod
    def vouches(self, config: C) -> Mapping[ClaimName, Vouching]:
        """Say what it may prove under that configuration, and how."""

    @abstractmethod
    async def advance(self, config: C, flow: Flow, event: Event) -> Step:
        """Take one step. Any exception refuses the voter."""

    def certificate(self, config: C) -> ClientCertificate | None:
        """Return what `Flow.http` shows of this site under that configuration; nothing by default."""
        return None

    async def check(self, config: C) -> list[Problem]:
        """Test the connection; nothing found by default."""
        return []

    async def leave(self, config: C, flow: Flow) -> Redirect | None:
        """Log out of the provider; nothing to do by default."""
        return None


@dataclass(frozen=True)
class ContestView:
    """What an eligibility check may know of a contest."""

    id: str
    colleges: tuple[str, ...]


class VoterView(Protocol):
    """What an eligibility check may know of a voter."""

    @property
    def college(self) -> str:
        """The college that the roll gives."""
        ...

    def matches(self, field: str, value: str) -> bool:
        """Compare with the roll's value by the field's normaliser, in constant time."""
        ...


@dataclass(frozen=True)
class Allowed:
    """The check has looked, and this voter may vote in this contest."""


@dataclass(frozen=True)
class NotMine:
    """The check has nothing to say of this contest."""


class EligibilityCheck(ABC, Generic[C]):
    """An eligibility check: it asks nothing; at login and again at casting, per contest."""

    name: ClassVar[str]
    config: type[C]

    @abstractmethod
    async def check(
        self, config: C, voter: VoterView, claims: Mapping[ClaimName, Claim], contest: ContestView
    ) -> Allowed | Refused | NotMine:
        """Say whether the voter may vote in `contest`. Any exception refuses."""


@dataclass(frozen=True)
class Message:
    """One message, rendered. The idempotency key is the same when the same message is tried again."""

    channel: Channel
    recipient: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    key: str
    sender_name: str
    sender_address: str
    reply_to: str
    election: str
    locale: str = "fr"


@dataclass(frozen=True)
class Accepted:
    """The carrier took it, under `id`."""

    id: str


@dataclass(frozen=True)
class Rejected:
    """The carrier did not take it; only what is not permanent is tried again."""

    code: str
    permanent: bool


@dataclass(frozen=True)
class Unknown:
    """Nobody knows whether the carrier took it: shown to the organiser, never tried again blindly."""

    code: str = "unknown"


class Notifier(ABC, Generic[C]):
    """A notifier: it carries messages."""

    name: ClassVar[str]
    config: type[C]
    channels: ClassVar[frozenset[str]]

    @abstractmethod
    async def send(self, config: C, message: Message) -> Accepted | Rejected | Unknown:
        """Hand the message to the carrier. Never raises for what a carrier can answer."""

    async def poll(self, config: C, ids: Sequence[str]) -> Mapping[str, str]:
        """Return delivery receipts by id (``delivered``, ``failed``, ``pending``); none by default."""
        return {}

    async def check(self, config: C) -> list[Problem]:
        """Test the connection; nothing found by default."""
        return []


@dataclass(frozen=True)
class RollWarning:
    """What looks odd in one field of one line of a roll; it never refuses the line."""

    field: str
    code: str


class RollCheck(ABC):
    """Looks for probable mistakes in a roll that is being imported."""

    name: ClassVar[str]

    @abstractmethod
    def warnings(self, row: Mapping[str, str]) -> Sequence[RollWarning]:
        """Return what looks odd; `row` maps roll fields to the values as read."""


class IsoloirHooks:
    """The hooks. Each returns a list; an empty hook need not be written."""

    @hookspec
    def register_factors(self) -> list[Factor[Any]]:
        """Return this plugin's factors of authentication."""
        raise NotImplementedError

    @hookspec
    def register_eligibility(self) -> list[EligibilityCheck[Any]]:
        """Return this plugin's eligibility checks."""
        raise NotImplementedError

    @hookspec
    def register_notifiers(self) -> list[Notifier[Any]]:
        """Return this plugin's notifiers."""
        raise NotImplementedError

    @hookspec
    def register_roll_checks(self) -> list[RollCheck]:
        """Return this plugin's checks of an imported roll."""
        raise NotImplementedError
