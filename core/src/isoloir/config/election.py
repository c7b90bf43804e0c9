"""An election as its file says it: one frozen model for the web, the command line and the seal.

The names are the file's own keys. What one key alone can get wrong is refused here, with a stable code; what
needs two keys is refused in `isoloir.config.checks`; `isoloir.config.reading` says on which line.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr

from isoloir.config.board import Board
from isoloir.config.parts import (
    Address,
    FieldName,
    Id,
    Language,
    Localised,
    LongText,
    Moment,
    Normaliser,
    Part,
    Phone,
    Text,
    Whole,
    YesNo,
    Zone,
)

Channel = Literal["email", "sms", "post"]
Level = Literal["eidas1", "eidas2", "eidas3"]
Group = Literal["Ed25519", "BELENIOS-2048"]
Risk = Literal["typed_mobile", "short_window", "long_window", "fragile_board", "few_delegates"]

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Capitals and digits that nobody takes for one another, even read aloud from a letter."""


class AcceptedRisk(Part):
    """A named risk that the organiser takes; the board sees it and the minutes print it."""

    risk: Risk = Field(
        description="typed_mobile: voters type their mobile; short_window, long_window: open for less than"
        " 24 hours, or more than 8 days; fragile_board: one lost key share locks a ballot box for ever;"
        " few_delegates: delegates hold less than two thirds of the key shares (CGFP R.211-545)."
    )
    reason: Text = Field(description="Why the risk is taken, as the minutes will print it.")


class Window(Part):
    """When the vote is open, in legal time."""

    opens: Moment = Field(description="When the vote opens: a local date and time in the zone.")
    closes: Moment = Field(description="When the vote closes: a local date and time in the zone.")
    grace_minutes: Annotated[Whole, Field(ge=0, le=30)] = Field(
        default=30,
        description="Minutes left to a voter who was fully authenticated before the close (CGFP R.211-563).",
    )
    zone: Zone = Field(default="Europe/Paris", description="The zone of the legal time, by its IANA name.")

    def model_post_init(self, context: Any, /) -> None:
        """Give both moments their zone; a moment with an offset is moved into it."""
        zone = ZoneInfo(self.zone)
        for name in ("opens", "closes"):
            moment: datetime = getattr(self, name)
            object.__setattr__(
                self, name, moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
            )

    @property
    def grace_ends(self) -> datetime:
        """When the ballot box is frozen: the close and the grace, aware, in the zone."""
        end = self.closes.astimezone(ZoneInfo("UTC")) + timedelta(minutes=self.grace_minutes)
        return end.astimezone(self.closes.tzinfo)


class HelpLine(Part):
    """Whom a voter can call, and when."""

    phone: Phone = Field(description="The telephone number, as it is to be shown.")
    hours: Localised = Field(description="When somebody answers.")


class Sender(Part):
    """Who writes to the voters."""

    name: Text = Field(description="The name that voters see as the sender.")
    address: Address = Field(description="The e-mail address that messages come from.")
    reply_to: Address | None = Field(
        default=None, description="Where answers go; the sender's own address when left out."
    )
    subject: Localised = Field(description="The subject of the invitation.")


class RollField(Part):
    """One column of the roll beside identifier, names, e-mail, mobile, college and contests."""

    key: YesNo = Field(default=False, description="Whether a provider's assertion of this value selects the voter.")
    normalise: Normaliser = Field(default="text", description="How what people type is made comparable.")
    secret: YesNo = Field(
        default=False, description="Whether the value is no public knowledge, so that it may serve as a challenge."
    )
    kinds: tuple[Id, ...] = Field(default=(), description="The kinds of value there are, when there are several.")
    length: Annotated[Whole, Field(ge=1, le=64)] | None = Field(
        default=None,
        description="How many characters a value has once normalised, when all have as many: an import then names"
        " the numbers that lost their leading 0.",
    )


class Roll(Part):
    """What the roll holds."""

    fields: dict[FieldName, RollField] = Field(default_factory=dict, description="The roll's own fields, by name.")
    columns: dict[Text, FieldName] = Field(
        default_factory=dict,
        description="Headers of the file to import that the usual words do not cover, each with the column that it"
        " is (last_name, email, a field of the roll, its kind: ordinal_number_kind); ignore leaves one out.",
    )


class Identifiers(Part):
    """The identifiers that the core draws and delivers, one for each voter."""

    length: Annotated[Whole, Field(ge=4, le=32)] = Field(default=8, description="How many characters.")
    alphabet: Annotated[str, Field(min_length=2, max_length=36)] = Field(
        default=ALPHABET, description="The characters drawn from: capitals and digits, without look-alikes."
    )
    channel: Literal["email", "post"] = Field(
        default="email", description="How the identifier reaches the voter: it is one of the two channels."
    )


class CountingRule(Part):
    """How votes become seats."""

    family: Literal["highest_average"] = Field(
        default="highest_average", description="Quotient, then highest average (plus forte moyenne)."
    )
    ties: Literal["votes_then_lot", "votes_then_oldest"] = Field(
        default="votes_then_lot",
        description="Equal averages: more votes first; then a lot drawn by the board, or the oldest candidate.",
    )
    short_lists: Literal["cap", "reallocate"] = Field(
        default="cap", description="A list with fewer candidates than seats: the rest stays empty, or goes to others."
    )


class CandidateList(Part):
    """A list that voters may choose."""

    id: Id = Field(description="The list's name in files and addresses; never changes.")
    name: Text = Field(description="The list's name as voters read it.")
    candidates: tuple[Text, ...] = Field(description="The candidates, in the order in which seats are given.")


class Contest(Part):
    """One ballot with its own box, colleges, board and seats."""

    id: Id = Field(description="The contest's name in files and addresses; never changes.")
    title: Localised = Field(description="The contest's title as voters read it.")
    colleges: Annotated[tuple[Id, ...], Field(min_length=1)] = Field(
        description="The colleges whose voters vote here, if the roll names them for it."
    )
    board: Id = Field(description="The electoral board that unseals it.")
    seats: Annotated[Whole, Field(ge=1, le=500)] = Field(description="How many seats there are to fill.")
    rule: CountingRule = Field(default_factory=CountingRule, description="How votes become seats.")
    blank: YesNo = Field(default=True, description="Whether a blank vote is offered, as décret 2017-1811 asks.")
    lists: Annotated[tuple[CandidateList, ...], Field(min_length=1)] = Field(
        description="The lists; the order in which they are shown is drawn by lot."
    )

    def list(self, list_id: str) -> CandidateList:
        """Return the list of that id; raises KeyError."""
        return _by_id(self.lists, list_id)


class PluginUse(Part):
    """A plugin, and how this election configures it."""

    plugin: Id = Field(description="What the plugin registers, by its name.")
    config: dict[str, Any] = Field(
        default_factory=dict,
        repr=False,
        description='The plugin\'s own keys; a secret is a reference, { env = "…" } or { file = "…" }.',
    )


class Branch(Part):
    """One way in: every factor, in the order written."""

    id: Id = Field(description="The way's name in files and statistics; never changes.")
    label: Localised = Field(description="The way's name as voters read it.")
    all: Annotated[tuple[Id, ...], Field(min_length=1)] = Field(
        description="The factor instances, all needed, asked in this order."
    )


class Policy(Part):
    """The ways in; any one suffices."""

    any: Annotated[tuple[Branch, ...], Field(min_length=1)] = Field(
        description="The branches, offered in this order."
    )
    minimum_level: Level = Field(
        default="eidas1", description="The lowest level of assurance at which a provider's word is taken."
    )


class ElectionFile(Part):
    """A whole election."""

    id: Id = Field(description="The election's name in files and addresses; never changes.")
    title: Localised = Field(description="The election's title as voters read it.")
    test: YesNo = Field(
        default=False, description="Whether this is a demonstration or a trial, and says so on every page."
    )
    group: Group = Field(
        default="Ed25519",
        description="The group of the encryption; BELENIOS-2048 lets older tools check whole archives.",
    )
    accepts: tuple[AcceptedRisk, ...] = Field(default=(), description="Named risks taken, each with its reason.")
    texts: dict[Language, dict[str, LongText]] = Field(
        default_factory=dict, description="Texts of this election in place of those of the catalogues, by identifier."
    )
    window: Window = Field(description="When the vote is open.")
    help_line: HelpLine = Field(description="Whom a voter can call.")
    sender: Sender = Field(description="Who writes to the voters.")
    roll: Roll = Field(default_factory=Roll, description="What the roll holds beside the usual columns.")
    identifiers: Identifiers = Field(
        default_factory=Identifiers, description="How the voters' identifiers are drawn and delivered."
    )
    colleges: Annotated[dict[Id, Localised], Field(min_length=1)] = Field(
        description="The colleges of voters, by id, with their names."
    )
    boards: Annotated[dict[Id, Board], Field(min_length=1)] = Field(description="The electoral boards, by id.")
    contests: Annotated[tuple[Contest, ...], Field(min_length=1)] = Field(description="The contests.")
    factors: Annotated[dict[Id, PluginUse], Field(min_length=1)] = Field(
        description="Factors of authentication under names of this election's own."
    )
    eligibility: tuple[PluginUse, ...] = Field(
        default=(), description="Checks of the right to vote beside the roll's own; all must agree."
    )
    policy: Policy = Field(description="Which factors suffice.")
    notifiers: dict[Channel, PluginUse] = Field(
        default_factory=dict, description="What carries messages, by channel."
    )

    _sealed_window: Window | None = PrivateAttr(default=None)

    def extended_to(self, closes: datetime) -> Self:
        """Return the election with a later close (aware), and the grace after it; the seal covers the file's."""
        window = self.window.model_copy(update={"closes": closes.astimezone(self.window.closes.tzinfo)})
        extended = self.model_copy(update={"window": window})
        extended._sealed_window = self._sealed_window or self.window
        return extended

    @property
    def is_extended(self) -> bool:
        """Say whether the vote closes later than the file has it."""
        return self._sealed_window is not None

    @property
    def as_written(self) -> Self:
        """The election as its file has it, which the seal covers."""
        return self if self._sealed_window is None else self.model_copy(update={"window": self._sealed_window})

    def contest(self, contest_id: str) -> Contest:
        """Return the contest of that id; raises KeyError."""
        return _by_id(self.contests, contest_id)

    @property
    def reply_to(self) -> str:
        """Where a voter's answer to a message goes."""
        return self.sender.reply_to or self.sender.address

    def accepted(self, risk: str) -> bool:
        """Say whether the organiser takes that risk, with a reason."""
        return any(taken.risk == risk for taken in self.accepts)


_Identified = TypeVar("_Identified", Contest, CandidateList)


def _by_id(parts: tuple[_Identified, ...], wanted: str) -> _Identified:
    for part in parts:
        if part.id == wanted:
            return part
    raise KeyError(wanted)
