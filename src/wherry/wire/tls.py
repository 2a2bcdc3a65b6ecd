"""TLS: contexts for servers and clients, from files or from PEM bytes."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

Pem = bytes | str | Path
"""PEM text as bytes, or the path of a file that holds it."""


def server_context(certificate: Pem, key: Pem, client_ca: Pem | None = None) -> ssl.SSLContext:
    """A server's context. With `client_ca`, clients may show a certificate, and a wrong one is refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # Tickets to resume a session with are a third of the work of a handshake, and Go's and Python's
    # clients, kubectl among them, keep none.
    context.num_tickets = 0
    _load_identity(context, certificate, key)
    if client_ca is not None:
        _load_authorities(context, client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_context(
    ca: Pem | None = None, certificate: Pem | None = None, key: Pem | None = None, *, verify: bool = True
) -> ssl.SSLContext:
    """A client's context: trusts `ca` (None: what the system trusts) and shows `certificate` when asked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca is None:
        context.load_default_certs()
    else:
        _load_authorities(context, ca)
    if certificate is not None and key is not None:
        _load_identity(context, certificate, key)
    return context


def _load_authorities(context: ssl.SSLContext, ca: Pem) -> None:
    if isinstance(ca, bytes):
        context.load_verify_locations(cadata=ca.decode())
    else:
        context.load_verify_locations(cafile=ca)


def _load_identity(context: ssl.SSLContext, certificate: Pem, key: Pem) -> None:
    """OpenSSL's binding loads keys from files only: bytes pass through one in memory, without a name."""
    if not isinstance(certificate, bytes) and not isinstance(key, bytes):
        context.load_cert_chain(certificate, key)
        return
    with os.fdopen(os.memfd_create("identity"), "wb") as file:
        file.write(_bytes(certificate) + b"\n" + _bytes(key))
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")


def _bytes(pem: Pem) -> bytes:
    return pem if isinstance(pem, bytes) else Path(pem).read_bytes()
