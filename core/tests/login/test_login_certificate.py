"""A factor that declares a certificate gets a client that shows it; every other factor the common one."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from isoloir.errors import IsoloirError
from isoloir.hooks import ClientCertificate, Proved
from isoloir.instance import Instance
from isoloir.outgoing import make_client

RPPS = "10000000000"


def make_pair(name: str) -> tuple[str, str]:
    """Make a self-signed certificate for this machine, and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1)).add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), written.decode()


@asynccontextmanager
async def asking_server(folder: Path, trusted: str) -> AsyncIterator[str]:
    """Serve https on loopback, to whoever shows the certificate `trusted`; yields the address."""
    certificate, key = make_pair("server")
    for name, text in (("server.pem", certificate), ("server.key", key), ("trusted.pem", trusted)):
        (folder / name).write_text(text)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "trusted.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "server.pem", folder / "server.key")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        subject = writer.get_extra_info("peercert")["subject"][0][0][1]
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(subject)}\r\n\r\n{subject}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_a_certificate_is_shown_in_the_handshake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server that asks for it sees it; without it, or with another, nobody is answered; nothing is redirected."""
    chain, key = make_pair("isoloir")
    async with asking_server(tmp_path, chain) as url:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
        shown = ClientCertificate(SecretStr(chain), SecretStr(key))
        other = ClientCertificate(*map(SecretStr, make_pair("isoloir")))
        async with make_client(shown) as client:
            assert (await client.get(url)).text == "isoloir"
            assert not client.follow_redirects
            assert client.timeout == httpx2.Timeout(8.0)
        for stranger in (make_client(), make_client(other)):
            async with stranger:
                with pytest.raises(httpx2.TransportError):
                    await stranger.get(url)


async def test_a_server_that_is_not_trusted_is_not_shown_anything(tmp_path: Path) -> None:
    """A certificate of one's own does not make the other side's checked less."""
    chain, key = make_pair("isoloir")
    async with (
        asking_server(tmp_path, chain) as url,
        make_client(ClientCertificate(SecretStr(chain), SecretStr(key))) as client,
    ):
        with pytest.raises(httpx2.ConnectError):
            await client.get(url)


@pytest.mark.parametrize("spoil", ["chain", "key", "pair"])
def test_a_certificate_that_is_unfit_is_refused_whole(spoil: str) -> None:
    """Unreadable, or of another key: a code of its own, and nothing of the key in it."""
    chain, key = make_pair("isoloir")
    if spoil == "pair":
        chain = make_pair("isoloir")[0]
    shown = ClientCertificate(
        SecretStr("x" * 40 if spoil == "chain" else chain), SecretStr("x" * 40 if spoil == "key" else key)
    )
    with pytest.raises(IsoloirError) as refused:
        make_client(shown, "staff")
    assert (refused.value.code, refused.value.where) == ("client_certificate_unfit", {"factor": "staff"})
    assert refused.value.__cause__ is None
    assert key[40:60] not in repr(shown)


async def test_each_factor_has_the_client_of_its_own_certificate(house: Any, plays: Any) -> None:
    """Only the instance that declares a certificate asks with it; the one beside it does not."""
    seen: dict[str, Any] = {}

    def noting(flow: Any, event: Any) -> Any:
        seen[flow.instance] = flow.http
        return Proved({"rpps": plays.asserted(RPPS)})

    with_it = plays.Scripted(noting, rpps=plays.asserted("").by)
    with_it.certificate = lambda config: ClientCertificate(*map(SecretStr, make_pair("isoloir")))
    made = await house({"one": with_it, "two": plays.Scripted(noting, rpps=plays.asserted("").by)})
    await (await made.visitor()).begin()
    assert seen.keys() == {"one", "two"}
    assert seen["one"] is not seen["two"]
    await seen["one"].aclose()


async def test_one_client_serves_each_certificate_until_the_instance_closes(tmp_path: Path) -> None:
    """However often a login is made anew, connections are not: one client for each certificate, closed at the end."""
    (tmp_path / "isoloir.toml").write_text("")
    chain, key = make_pair("isoloir")
    async with Instance.open(tmp_path) as instance:
        first = instance.client_with(ClientCertificate(SecretStr(chain), SecretStr(key)), "one")
        again = instance.client_with(ClientCertificate(SecretStr(chain), SecretStr(key)), "one")
        other = instance.client_with(ClientCertificate(*map(SecretStr, make_pair("isoloir"))), "two")
        assert first is again
        assert first is not other
        assert not first.is_closed
    assert first.is_closed
    assert other.is_closed
