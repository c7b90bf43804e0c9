"""The generic factor: any provider, described by the election file alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from isoloir.hooks import ClaimName, FlowElection
from isoloir_openid_connect.addresses import Issuer
from isoloir_openid_connect.assurance import Assurance
from isoloir_openid_connect.config import LEVELS, FederationConfig, Level
from isoloir_openid_connect.federation import Federation, Person
from isoloir_openid_connect.mapping import ClaimOfProvider, ClaimSource, Said, check_required, displayed

_Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class OpenIDConnectConfig(FederationConfig):
    """A provider of identity, who this site is there, and which of its claims prove which fields of the roll."""

    local_switch = "local = true"

    provider: Annotated[str, Field(min_length=1, max_length=80)] = Field(
        description="The provider's name as voters know it, for example FranceConnect."
    )
    issuer: Issuer = Field(description="The issuer, exactly as the provider writes it.")
    local: Annotated[bool, Strict()] = Field(
        default=False,
        description="Whether the provider runs on this machine, for a trial, over plain http.",
    )
    scopes: Annotated[tuple[_Word, ...], Field(max_length=32)] = Field(
        default=("profile",), description="What is asked for beside openid, for example profile or email."
    )
    levels: Annotated[tuple[_Word, ...], Field(min_length=1, max_length=16)] = Field(
        default=LEVELS, description="The values of acr that this provider writes, the lowest level first."
    )
    minimum_acr: _Word | None = Field(
        default=None, description="The least of those levels that a login must have; the lowest when left out."
    )
    level: Level | None = Field(
        default=None,
        description="What that least level is worth in the election's policy. Needed where the provider has words of "
        "its own for its levels.",
    )
    accept_absent_acr: Annotated[bool, Strict()] = Field(
        default=False, description="Take an answer that names no level for the lowest one; it is refused otherwise."
    )
    claims: Annotated[dict[str, ClaimSource], Field(min_length=1, max_length=16)] = Field(
        description="Which claim of the provider proves which field of the roll."
    )
    requires: dict[ClaimOfProvider, tuple[str, ...]] = Field(
        default={},
        description="Claims that must have one of the values listed: a role, an institution.",
    )
    display: Annotated[str, Field(max_length=200)] = Field(
        default="{given_name} {family_name}",
        description="How the voter's name is shown, from the provider's claims.",
    )

    @property
    def service(self) -> str:
        """The provider's name as configured."""
        return self.provider

    @property
    def effective_issuer(self) -> str:
        """The issuer as configured."""
        return self.issuer

    @property
    def is_local(self) -> bool:
        """As configured."""
        return self.local

    @property
    def scope(self) -> str:
        """``openid`` and the configured scopes."""
        return " ".join(dict.fromkeys(("openid", *self.scopes)))

    @property
    def assurance(self) -> Assurance:
        """The configured levels; an absent one is refused unless the configuration takes it for the lowest."""
        lowest = self.levels[0]
        return Assurance(self.levels, self.minimum_acr or lowest, lowest if self.accept_absent_acr else None)

    @property
    def asserted_level(self) -> Level:
        """What the least level is worth: as configured, or by its name."""
        return self.level or _named(self.assurance.minimum) or LEVELS[0]

    @model_validator(mode="after")
    def _claims_are_named_as_in_a_roll(self) -> Self:
        for name in self.claims:
            if not name.isascii() or not name.isidentifier() or name != name.lower():
                raise PydanticCustomError("oidc_claim_name", "refused")
        return self

    @model_validator(mode="after")
    def _levels_are_clear(self) -> Self:
        if len(set(self.levels)) < len(self.levels):
            raise PydanticCustomError("oidc_levels_twice", "refused")
        if self.minimum_acr is not None and self.minimum_acr not in self.levels:
            raise PydanticCustomError("oidc_level_unlisted", "refused")
        named = _named(self.assurance.minimum)
        if named is None and self.level is None:
            raise PydanticCustomError("oidc_level_worth", "refused")
        if named is not None and self.level is not None and LEVELS.index(self.level) > LEVELS.index(named):
            raise PydanticCustomError("oidc_level_above", "refused")
        return self


def _named(acr: str) -> Level | None:
    return next((level for level in LEVELS if level == acr), None)


class OpenIDConnect(Federation[OpenIDConnectConfig]):
    """Asserts the configured claims of whoever logs in at the configured provider."""

    name = "openid_connect"
    config = OpenIDConnectConfig

    def proves(self, config: OpenIDConnectConfig) -> tuple[ClaimName, ...]:
        """Return the roll fields that claims are configured for."""
        return tuple(config.claims)

    def person(self, config: OpenIDConnectConfig, election: FlowElection, said: Said) -> Person:
        """Read every configured claim, once what is required is there; raises Refusal ``oidc_claim_…``."""
        check_required(config.requires, said)
        proved: Mapping[ClaimName, str] = {name: source.read(said) for name, source in config.claims.items()}
        return Person(proved, displayed(config.display, said))
