"""The instance's settings: ``isoloir.toml`` in its folder."""

import ipaddress
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

from isoloir.config.located import FileInvalid, Found, read_toml
from isoloir.config.schema import schema_mistakes
from isoloir.config.secrets import is_reference, resolve

FILE = "isoloir.toml"


def is_loopback(url: str) -> bool:
    """Say whether a web address leads to this very machine."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _web_address(value: Any) -> Any:
    if not isinstance(value, str):
        return value  # pydantic itself refuses it
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.scheme not in ("http", "https") or parts.username or parts.query or parts.fragment:
        raise PydanticCustomError("base_url_form", "refused")
    if parts.path not in ("", "/"):
        raise PydanticCustomError("base_url_form", "refused")
    if parts.scheme == "http" and not is_loopback(value):
        raise PydanticCustomError("base_url_clear", "refused")
    return value.rstrip("/")


def _proxy(value: Any) -> Any:
    if isinstance(value, str):
        try:
            ipaddress.ip_network(value)
        except ValueError:
            raise PydanticCustomError("proxy_form", "refused") from None
    return value


class Settings(BaseModel):
    """What one instance is told; frozen, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    database: str = Field(
        default="",
        repr=False,
        exclude=True,
        description="The database's URL; isoloir.sqlite3 in the instance's folder when left out.",
    )
    base_url: Annotated[str, BeforeValidator(_web_address)] = Field(
        default="http://127.0.0.1:8000", description="The address that voters see, without a path."
    )
    plugins: tuple[str, ...] = Field(default=(), description="The plugins that may be loaded, by entry-point name.")
    trusted_proxies: tuple[Annotated[str, BeforeValidator(_proxy)], ...] = Field(
        default=(), description="Addresses or networks whose forwarding headers are believed."
    )
    demo: Annotated[bool, Strict()] = Field(
        default=False, description="A demonstration: messages are shown, the clock may be moved. Loopback only."
    )
    debug: Annotated[bool, Strict()] = Field(default=False, description="Show the program's errors. Loopback only.")


def default_database(folder: Path) -> str:
    """Return the URL of the SQLite file in the instance's folder."""
    return f"sqlite+aiosqlite:///{(folder / 'isoloir.sqlite3').resolve()}"


def read_settings(folder: Path) -> Settings:
    """Read ``isoloir.toml`` of an instance's folder.

    Raises `FileInvalid` (``settings_invalid``) with every mistake located, unsafe settings among them: a
    demonstration or debugging that anybody could reach (``unsafe_settings``), a password in clear in the
    database's URL (``secret_in_clear``). Raises IsoloirError for a reference that leads to no usable secret.
    """
    document = read_toml(folder / FILE, "settings_invalid")
    database = document.values.get("database")
    raw = {**document.values, "database": ""} if is_reference(database) else dict(document.values)
    found = [*schema_mistakes(Settings, raw), *_unsafe(raw)]
    if found:
        raise FileInvalid("settings_invalid", document.name, document.located(found))
    if is_reference(database):
        raw = {**raw, "database": resolve({"database": database}, folder)["database"].get_secret_value()}
    return Settings.model_validate({**raw, "database": raw.get("database") or default_database(folder)})


def _unsafe(raw: Mapping[str, Any]) -> Iterator[Found]:
    base_url = raw.get("base_url")
    if isinstance(base_url, str) and not is_loopback(base_url):
        for switch in ("demo", "debug"):
            if raw.get(switch) is True:
                yield Found((switch,), "unsafe_settings", {"setting": switch})
    database = raw.get("database")
    if isinstance(database, str) and _has_password(database):
        yield Found(("database",), "secret_in_clear", {"field": "database"})


def _has_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.password) or "password=" in parts.query
    except ValueError:
        return True
