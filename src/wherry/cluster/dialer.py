"""Dialer: how the API server reaches node agents and what runs in Pods: one pool of connections each."""

from __future__ import annotations

import ssl

from wherry.cluster.pki import Identity
from wherry.wire.client import HttpClient
from wherry.wire.tls import client_context


class PooledDialer:
    def __init__(self, ca: bytes, identity: Identity) -> None:
        self._agents: dict[tuple[str, int], HttpClient] = {}
        self._others: dict[tuple[str, str, int], HttpClient] = {}
        self._tls = client_context(ca, identity.certificate, identity.key)
        self._unchecked = ssl.create_default_context()
        self._unchecked.check_hostname = False
        self._unchecked.verify_mode = ssl.CERT_NONE

    def agent(self, host: str, port: int) -> HttpClient:
        client = self._agents.get((host, port))
        if client is None:
            client = HttpClient(f"https://{_bracketed(host)}:{port}", tls=self._tls)
            self._agents[host, port] = client
        return client

    def plain(self, scheme: str, host: str, port: int) -> HttpClient:
        client = self._others.get((scheme, host, port))
        if client is None:
            tls = self._unchecked if scheme == "https" else None
            client = HttpClient(f"{scheme}://{_bracketed(host)}:{port}", tls=tls)
            self._others[scheme, host, port] = client
        return client

    async def close(self) -> None:
        for client in (*self._agents.values(), *self._others.values()):
            await client.close()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
