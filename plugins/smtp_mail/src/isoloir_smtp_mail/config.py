"""Which server carries the e-mail."""

from __future__ import annotations

import ipaddress
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from isoloir.hooks import PluginConfig


class SmtpConfig(PluginConfig):
    """The server, how the connection is protected, and who may be a sender."""

    host: str = Field(min_length=1, description="The server's name.")
    port: int = Field(default=587, ge=1, le=65535, description="The port: 587 with starttls, 465 with tls.")
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is encrypted; none for this very machine alone."
    )
    username: str | None = Field(default=None, description="The account, where the server asks for one.")
    password: SecretStr | None = Field(default=None, description="Its password, by reference.")
    ca_file: str | None = Field(
        default=None, description="Certificates to trust in place of the system's, a file in PEM."
    )
    timeout: float = Field(default=20, gt=0, le=120, description="Seconds to wait for each answer.")
    sender_domains: tuple[str, ...] = Field(
        default=(), description="Domains that messages may come from; any when left out."
    )

    @model_validator(mode="after")
    def _protected(self) -> SmtpConfig:
        if self.tls == "none" and not is_loopback(self.host):
            raise PydanticCustomError("smtp_clear", "refused")
        if (self.username is None) != (self.password is None):
            raise PydanticCustomError("smtp_half_account", "refused")
        return self


def is_loopback(host: str) -> bool:
    """Say whether that is this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
