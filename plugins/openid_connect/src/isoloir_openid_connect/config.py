"""What an organiser configures of any provider, and what a plugin on top says of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, SecretStr, Strict, model_validator
from pydantic_core import PydanticCustomError

from isoloir.hooks import PluginConfig
from isoloir_openid_connect.addresses import Address, is_loopback, is_safe_address
from isoloir_openid_connect.assurance import Assurance

ClientAuth = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Asymmetric signatures only: ``none`` and HMAC cannot even be configured."""
Level = Literal["eidas1", "eidas2", "eidas3"]
"""The levels that the policy of an election knows."""
LEVELS: Final[tuple[Level, ...]] = ("eidas1", "eidas2", "eidas3")
_SHOWN: Final[dict[ClientAuth, tuple[str, ...]]] = {
    "client_secret_basic": ("client_secret",),
    "client_secret_post": ("client_secret",),
    "private_key_jwt": ("client_key",),
    "tls_client_auth": ("client_key", "client_certificate"),
}
"""What each way of showing who this site is needs of the configuration."""
_ASKED: Final = (
    "issuer", "discovery_url", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri",
    "end_session_endpoint", "backchannel_authentication_endpoint",
)  # fmt: skip


class FederationConfig(PluginConfig, ABC):
    """What every provider needs; a plugin adds its own keys and fills in the properties below."""

    discovery_path: ClassVar[str] = "/.well-known/openid-configuration"
    """Where, under the issuer, the provider describes itself (OpenID Connect Discovery 1.0, section 4)."""
    local_switch: ClassVar[str]
    """What an organiser writes to have a provider on this machine, for the sentence of a refusal."""

    discovery_url: Address | None = Field(
        default=None,
        description="Where the provider describes itself; its usual path under the issuer when left out.",
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
    client_auth: ClientAuth = Field(
        default="client_secret_basic",
        description="How this site shows who it is, as registered at the provider: by its secret, by an assertion "
        "that its key signs (private_key_jwt), or by its certificate (tls_client_auth).",
    )
    client_secret: SecretStr | None = Field(
        default=None, description="The secret of this site, by reference: env or file."
    )
    client_key: SecretStr | None = Field(
        default=None,
        description="The private key of this site in PEM, by reference, for private_key_jwt and tls_client_auth.",
    )
    client_key_id: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="The name (kid) under which the provider knows that key, where it needs one."
    )
    client_assertion_algorithm: Algorithm | None = Field(
        default=None,
        description="How assertions are signed: PS256 by an RSA key, and by its curve by another, when left out.",
    )
    client_assertion_audience: Literal["issuer", "token_endpoint"] = Field(
        default="issuer",
        description="Whom an assertion is for: the issuer, or the token endpoint where the provider wants that.",
    )
    client_certificate: SecretStr | None = Field(
        default=None,
        description="The certificate of this site in PEM, with those between it and its authority, by reference.",
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
    timeout: Annotated[float, Field(gt=0, le=9)] = Field(
        default=8,
        description="How long, in seconds, the provider may take for one step of a login, all its answers together.",
    )

    @property
    @abstractmethod
    def service(self) -> str:
        """The provider's name as voters know it."""

    @property
    @abstractmethod
    def effective_issuer(self) -> str:
        """The issuer that counts, exactly as the provider writes it."""

    @property
    @abstractmethod
    def is_local(self) -> bool:
        """Whether the provider runs on this machine, for a trial: plain http is accepted then, and nothing else."""

    @property
    @abstractmethod
    def scope(self) -> str:
        """The scopes asked for, ``openid`` among them."""

    @property
    @abstractmethod
    def assurance(self) -> Assurance:
        """Which levels the provider knows, and the least that is taken."""

    @property
    @abstractmethod
    def asserted_level(self) -> Level:
        """What the least level taken is worth in the policy of the election."""

    @property
    def effective_discovery_url(self) -> str:
        """Where the provider describes itself."""
        return self.discovery_url or self.effective_issuer.rstrip("/") + self.discovery_path

    def endpoint(self, name: str) -> str | None:
        """Return a configured address, or `None` where what the provider publishes counts."""
        url: str | None = getattr(self, name, None)
        return url

    @model_validator(mode="after")
    def _clear_text_is_for_this_machine(self) -> Self:
        for name in _ASKED:
            url = getattr(self, name, None)
            where = {"name": name, "switch": self.local_switch}
            if url is not None and not is_safe_address(url, local=self.is_local):
                raise PydanticCustomError("oidc_address_clear", "refused", where)
            if url is not None and self.is_local and not is_loopback(url):
                raise PydanticCustomError("oidc_local_elsewhere", "refused", where)
        return self

    def model_post_init(self, context: Any, /) -> None:
        """Refuse a secret that is missing or empty, which some providers take for a public client."""
        for name in _SHOWN[self.client_auth]:
            given: SecretStr | None = getattr(self, name)
            if given is None:
                raise PydanticCustomError("oidc_client_auth", "refused", {"name": name, "method": self.client_auth})
            if not given.get_secret_value().strip():
                raise PydanticCustomError("oidc_secret_empty", "refused", {"name": name})
