"""Asking other machines: a client with time-outs and without redirects; with a certificate where one is shown."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

import httpx2

from isoloir.errors import IsoloirError
from isoloir.hooks import ClientCertificate

SECONDS: Final = 8.0
"""How long any one wait of an exchange may last."""


def make_client(certificate: ClientCertificate | None = None, factor: str = "") -> httpx2.AsyncClient:
    """Return a client that shows `certificate` to whoever asks for one (RFC 8705); servers are checked as ever.

    `factor` is the instance that declares it, for the sentence of a refusal. Raises IsoloirError
    ``client_certificate_unfit`` where certificate and key are unreadable or not of one pair.
    """
    if certificate is None:
        return httpx2.AsyncClient(verify=trusted(), timeout=SECONDS, follow_redirects=False)
    context = httpx2.create_ssl_context()
    try:
        with _file(certificate.chain.get_secret_value()) as chain, _file(certificate.key.get_secret_value()) as key:
            # An encrypted key has no password here: asking for one would wait at the terminal.
            context.load_cert_chain(chain, key, password="")
    except (ssl.SSLError, ValueError, OSError):
        raise IsoloirError("client_certificate_unfit", factor=factor) from None
    return httpx2.AsyncClient(verify=context, timeout=SECONDS, follow_redirects=False)


def trusted() -> ssl.SSLContext:
    """Return what a client checks servers with: one for the process, as reading it takes longer than a page."""
    return _trusting(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _trusting(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Read the authorities, which these two variables name where they are set, and the system otherwise."""
    return httpx2.create_ssl_context()


@contextmanager
def _file(text: str) -> Iterator[str]:
    """Yield the name of a file in memory alone: the library takes names only, and a key is not written to a disk."""
    descriptor = os.memfd_create("pem", os.MFD_CLOEXEC)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as opened:
            opened.write(text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
