"""What an organiser configures of Pro Santé Connect, and the environments of the provider as presets."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from isoloir_openid_connect.addresses import Address, Issuer
from isoloir_openid_connect.assurance import Assurance
from isoloir_openid_connect.config import LEVELS, FederationConfig, Level
from isoloir_prosante_connect.brokered import Broker

Preset = Literal["bas", "prod", "simulator"]

DISCOVERY_PATH: Final = "/.well-known/wallet-openid-configuration"
"""Where the provider publishes its configuration: not the path of OpenID Connect Discovery 1.0."""

ISSUERS: Final[dict[Preset, str]] = {
    "bas": "https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet",
    "prod": "https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet",
    "simulator": "http://127.0.0.1:8000/demo/psc",
}
CIBA_PATH: Final = "/protocol/openid-connect/ext/ciba/auth"
"""Where, under the issuer, a login by e-CPS is asked for."""
AUTHORIZATION: Final[dict[Preset, str | None]] = {
    "bas": "https://wallet.bas.psc.esante.gouv.fr/auth",
    "prod": "https://wallet.esw.esante.gouv.fr/auth",
    "simulator": None,
}


class ProSanteConnectConfig(FederationConfig):
    """Where Pro Santé Connect is, who this site is there, and what is demanded of an answer."""

    discovery_path = DISCOVERY_PATH
    local_switch = 'preset = "simulator"'

    preset: Preset = Field(
        default="prod",
        description="Which environment: bas (sandbox of the agency), prod, or simulator (demonstrations, on this "
        "machine only). Every address may be given instead of the preset's.",
    )
    issuer: Issuer | None = Field(
        default=None, description="The issuer, exactly as the provider writes it; the preset's when left out."
    )
    minimum_acr: Level = Field(
        default="eidas1", description="The least level of assurance that a login must have; better ones satisfy it."
    )
    broker: Broker | None = Field(
        default=None,
        description="Where the issuer is the organiser's own Keycloak, which brokers Pro Santé Connect: how it tells "
        "that. An empty table takes what isoloir-psc provision makes.",
    )
    test_identities: Annotated[bool, Strict()] = Field(
        default=False,
        description="Accept the agency's test identities. They are refused all the same in an election that is not "
        "marked as a test.",
    )

    @model_validator(mode="after")
    def _broker_has_an_issuer(self) -> Self:
        if self.broker is not None and self.issuer is None:
            raise PydanticCustomError("psc_broker_issuer", "refused")
        return self

    @property
    def service(self) -> str:
        """The one service that this plugin knows."""
        return "Pro Santé Connect"

    @property
    def effective_issuer(self) -> str:
        """The issuer that counts: configured, or the preset's."""
        return self.issuer or ISSUERS[self.preset]

    @property
    def is_local(self) -> bool:
        """Whether the provider is a simulator on this machine."""
        return self.preset == "simulator"

    @property
    def scope(self) -> str:
        """The scope that every site asks for, under which all claims come."""
        return "openid" if self.broker is not None else "openid scope_all"

    @property
    def assurance(self) -> Assurance:
        """The levels in their order; an absent one is normal here, and counts as the lowest."""
        return Assurance(LEVELS, self.minimum_acr, absent=LEVELS[0])

    @property
    def asserted_level(self) -> Level:
        """The least level taken: the provider's words are the policy's own."""
        return self.minimum_acr

    @property
    def effective_discovery_url(self) -> str:
        """Where the provider describes itself; a broker does so at the standard path."""
        if self.broker is not None and self.discovery_url is None:
            return self.effective_issuer.rstrip("/") + FederationConfig.discovery_path
        return super().effective_discovery_url

    def endpoint(self, name: str) -> str | None:
        """Return a configured address, or the preset's authorization endpoint while its issuer is kept."""
        given = super().endpoint(name)
        if given is None and name == "authorization_endpoint" and self.issuer is None:
            return AUTHORIZATION[self.preset]
        return given


class ECpsConfig(ProSanteConnectConfig):
    """The same service, asked for an approval on the telephone instead of a login on its own pages."""

    backchannel_authentication_endpoint: Address | None = Field(
        default=None,
        description="Where an approval is asked for; the preset's, then what the service publishes, when left out.",
    )
    channel: Literal["MOBILE", "CARD"] = Field(
        default="MOBILE",
        description="What approves: MOBILE (the e-CPS application on the telephone) or CARD (the CPS card).",
    )

    @model_validator(mode="after")
    def _no_broker(self) -> Self:
        if self.broker is not None:
            raise PydanticCustomError("psc_ecps_broker", "refused")
        return self

    def endpoint(self, name: str) -> str | None:
        """Return a configured address, or the preset's while its issuer is kept."""
        given = super().endpoint(name)
        if given is None and name == "backchannel_authentication_endpoint":
            published = self.is_local or self.issuer is not None
            return None if published else self.effective_issuer + CIBA_PATH
        return given
