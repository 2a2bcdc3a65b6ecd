"""TLS contexts: from bytes and from files."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from wherry.wire.client import HttpClient, Unreachable
from wherry.wire.server import Response
from wherry.wire.tls import client_context, server_context


def test_a_context_reads_files_and_bytes_alike(tmp_path: Path, authority: Any) -> None:
    identity = authority.issue("a")
    (tmp_path / "ca").write_bytes(authority.certificate)
    (tmp_path / "crt").write_bytes(identity.certificate)
    (tmp_path / "key").write_bytes(identity.key)
    context = server_context(tmp_path / "crt", str(tmp_path / "key"), tmp_path / "ca")
    assert context.verify_mode is ssl.CERT_OPTIONAL
    mixed = client_context(tmp_path / "ca", identity.certificate, tmp_path / "key")
    assert mixed.verify_mode is ssl.CERT_REQUIRED


async def test_an_untrusted_server_is_unreachable_and_why_is_said(start: Any, server_tls: Any) -> None:
    server = await start(lambda _: Response(), tls=server_tls)
    client = HttpClient(f"https://127.0.0.1:{server.port}")
    with pytest.raises(Unreachable, match="its certificate is not trusted"):
        await client.request("GET", "/")


async def test_verification_can_be_turned_off(start: Any, server_tls: Any) -> None:
    server = await start(lambda _: Response(), tls=server_tls)
    client = HttpClient(f"https://127.0.0.1:{server.port}", tls=client_context(verify=False))
    assert (await client.request("GET", "/")).status == 200
    await client.close()
