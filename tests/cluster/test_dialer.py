"""The API server's ways to node agents and Pods: one pool for each place."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.cluster.conftest import NOW

from wherry.cluster.dialer import PooledDialer
from wherry.cluster.pki import Authority
from wherry.sim.clock import VirtualClock
from wherry.wire.client import Unreachable
from wherry.wire.message import Request, Response, text
from wherry.wire.server import Limits, Server
from wherry.wire.tls import server_context


@pytest.fixture
def authority() -> Authority:
    return Authority.create("ca", NOW)


@pytest.fixture
async def dialer(authority: Authority) -> AsyncIterator[PooledDialer]:
    made = PooledDialer(authority.certificate, authority.issue("kube-apiserver-kubelet-client", NOW))
    yield made
    await made.close()


def whose(request: Request) -> Response:
    return text(200, "known" if request.connection.certificate else "unknown")


async def serve(authority: Authority, *hosts: str, client_ca: bytes = b"") -> Server:
    shown = authority.issue("server", NOW, hosts=hosts)
    tls = server_context(shown.certificate, shown.key, client_ca or None)
    return await Server.start(whose, "127.0.0.1", 0, tls=tls, limits=Limits(), clock=VirtualClock())


def test_each_place_has_one_pool(dialer: PooledDialer) -> None:
    assert dialer.agent("192.0.2.1", 10250) is dialer.agent("192.0.2.1", 10250)
    assert dialer.agent("192.0.2.1", 10250) is not dialer.agent("192.0.2.2", 10250)
    assert dialer.plain("http", "192.0.2.1", 80) is dialer.plain("http", "192.0.2.1", 80)
    assert dialer.plain("http", "::1", 80) is not dialer.plain("https", "::1", 80)


async def test_an_agent_sees_who_asks(authority: Authority, dialer: PooledDialer) -> None:
    server = await serve(authority, "127.0.0.1", client_ca=authority.certificate)
    try:
        reply = await dialer.agent("127.0.0.1", server.port).request("GET", "/")
        assert reply.body == b"known"
    finally:
        await server.close(0)


async def test_an_agent_that_another_authority_vouches_for_is_none(dialer: PooledDialer) -> None:
    server = await serve(Authority.create("other", NOW), "127.0.0.1")
    try:
        with pytest.raises(Unreachable):
            await dialer.agent("127.0.0.1", server.port).request("GET", "/")
    finally:
        await server.close(0)


async def test_what_runs_in_a_pod_may_have_any_certificate(dialer: PooledDialer) -> None:
    """As upstream: a Pod behind the API server's proxy proves nothing, and is shown no certificate."""
    server = await serve(Authority.create("other", NOW), "somewhere.else")
    try:
        assert (await dialer.plain("https", "127.0.0.1", server.port).request("GET", "/")).body == b"unknown"
    finally:
        await server.close(0)
