"""What an organiser configures, and the two environments of the provider as presets."""

import ipaddress
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, Strict, model_validator
from pydantic_core import PydanticCustomError

from isoloir.hooks import PluginConfig

Preset = Literal["bas", "prod", "simulator"]
Level = Literal["eidas1", "eidas2", "eidas3"]
ClientAuth = Literal["client_secret_basic", "client_secret_post"]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Asymmetric signatures only: ``none`` and HMAC cannot even be configured."""

LEVELS: Final[tuple[Level, ...]] = ("eidas1", "eidas2", "eidas3")
DISCOVERY_PATH: Final = "/.well-known/wallet-openid-configuration"
"""Where the provider publishes its configuration: not the path of OpenID Connect Discovery 1.0."""

ISSUERS: Final[dict[Preset, str]] = {
    "bas": "https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet",
    "prod": "https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet",
    "simulator": "http://127.0.0.1:8000/demo/psc",
}
AUTHORIZATION: Final[dict[Preset, str | None]] = {
    "bas": "https://wallet.bas.psc.esante.gouv.fr/auth",
    "prod": "https://wallet.esw.esante.gouv.fr/auth",
    "simulator": None,
}


def is_loopback(url: str) -> bool:
    """Say whether the host of `url` is this machine, by its number (a name could be made to point elsewhere)."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_safe_address(url: str, *, simulator: bool) -> bool:
    """Say whether `url` may be asked: https, or plain http on this machine where the provider is a simulator."""
    try:
        parts = urlsplit(url)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        return False
    if not parts.hostname or parts.username or parts.password or parts.fragment or not port_is_number:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and simulator and is_loopback(url))


def _address(value: str) -> str:
    if not is_safe_address(value, simulator=True) or any(not "!" <= sign <= "~" for sign in value):
        raise PydanticCustomError("psc_address_form", "refused")
    return value


def _issuer(value: str) -> str:
    if urlsplit(value).query:
        raise PydanticCustomError("psc_address_form", "refused")
    return value


Address = Annotated[str, AfterValidator(_address), Field(max_length=500, json_schema_extra={"format": "uri"})]
Issuer = Annotated[Address, AfterValidator(_issuer)]


class ProSanteConnectConfig(PluginConfig):
    """Where Pro Santé Connect is, who this site is there, and what is demanded of an answer."""

    preset: Preset = Field(
        default="prod",
        description="Which environment: bas (sandbox of the agency), prod, or simulator (demonstrations, on this "
        "machine only). Every address below may be given instead of the preset's.",
    )
    issuer: Issuer | None = Field(default=None, description="The issuer, exactly as the provider writes it.")
    discovery_url: Address | None = Field(
        default=None,
        description=f"Where the provider describes itself; the issuer followed by {DISCOVERY_PATH} when left out.",
    )
    authorization_endpoint: Address | None = Field(default=None, description="Where the voter is sent to log in.")
    token_endpoint: Address | None = Field(default=None, description="Where a code is exchanged for tokens.")
    userinfo_endpoint: Address | None = Field(default=None, description="Where the voter's identity is read.")
    jwks_uri: Address | None = Field(default=None, description="Where the provider publishes its public keys.")
    end_session_endpoint: Address | None = Field(default=None, description="Where the voter is logged out.")
    post_logout_url: Address | None = Field(
        default=None,
        description="Where the provider sends the voter after logging out; it must be registered there. The address "
        "of the return from the login when left out.",
    )
    client_id: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        description="The name that the provider gave to this site."
    )
    client_secret: SecretStr = Field(description="The secret that goes with it, by reference: env or file.")
    client_auth: ClientAuth = Field(
        default="client_secret_basic", description="How this site shows its secret, as registered at the provider."
    )
    minimum_acr: Level = Field(
        default="eidas1", description="The least level of assurance that a login must have; better ones satisfy it."
    )
    prompt_login: Annotated[bool, Strict()] = Field(
        default=False,
        description="Ask for a fresh login even where somebody is still logged in on that computer. Recommended "
        "wherever computers are shared.",
    )
    max_age: Annotated[int, Strict(), Field(ge=0, le=14_400)] | None = Field(
        default=None, description="The oldest login accepted, in seconds; any when left out."
    )
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1, max_length=9)] = Field(
        default=("RS256", "PS256", "ES256"), description="The signatures accepted from the provider."
    )
    clock_skew: Annotated[int, Strict(), Field(ge=0, le=300)] = Field(
        default=30, description="By how many seconds the provider's clock may differ from ours."
    )
    timeout: Annotated[float, Field(gt=0, le=60)] = Field(
        default=10, description="How long, in seconds, one answer of the provider may take in all."
    )
    test_identities: Annotated[bool, Strict()] = Field(
        default=False,
        description="Accept the agency's test identities. They are refused all the same in an election that is not "
        "marked as a test.",
    )

    @model_validator(mode="after")
    def _clear_text_is_for_the_simulator(self) -> "ProSanteConnectConfig":
        for name in (
            "issuer", "discovery_url", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri",
            "end_session_endpoint",
        ):  # fmt: skip
            url = getattr(self, name)
            if url is not None and not is_safe_address(url, simulator=self.is_simulator):
                raise PydanticCustomError("psc_address_clear", "refused", {"name": name})
            if url is not None and self.is_simulator and not is_loopback(url):
                raise PydanticCustomError("psc_simulator_elsewhere", "refused", {"name": name})
        return self

    def model_post_init(self, context: Any, /) -> None:
        """Refuse an empty secret, which some providers take for a public client."""
        if not self.client_secret.get_secret_value().strip():
            raise PydanticCustomError("psc_secret_empty", "refused")

    @property
    def is_simulator(self) -> bool:
        """Whether the provider is a simulator on this machine."""
        return self.preset == "simulator"

    @property
    def effective_issuer(self) -> str:
        """The issuer that counts: configured, or the preset's."""
        return self.issuer or ISSUERS[self.preset]

    @property
    def effective_discovery_url(self) -> str:
        """Where the provider describes itself."""
        return self.discovery_url or self.effective_issuer.rstrip("/") + DISCOVERY_PATH

    @property
    def effective_authorization_endpoint(self) -> str | None:
        """The authorization endpoint configured, or the preset's while its issuer is kept; else discovery's."""
        if self.authorization_endpoint is None and self.issuer is None:
            return AUTHORIZATION[self.preset]
        return self.authorization_endpoint
