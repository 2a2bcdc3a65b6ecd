"""An API server from its start to its end."""

from __future__ import annotations

import asyncio

import pytest
from tests.apiserver.conftest import account_key

from wherry.apiserver.server import ApiServer, Settings
from wherry.sim.clock import VirtualClock
from wherry.sim.kit import NoDialer
from wherry.store.memory import MemoryStore
from wherry.wire.client import HttpClient, Unreachable
from wherry.wire.server import PortInUse


async def started(port: int = 0) -> ApiServer:
    clock = VirtualClock()
    settings = Settings(version="0", port=port, service_account_key=account_key())
    made = ApiServer(MemoryStore(clock=clock), clock, settings)
    await made.start()
    return made


async def test_it_needs_no_port() -> None:
    server = await started()
    assert server.ready
    assert server.server is None
    assert all(check() == "" for check in server.checks().values())
    await server.close(0)
    assert server.checks()["shutdown"]() == "process is shutting down"


async def test_a_port_that_is_taken_is_said_to_be() -> None:
    first = await started()
    served = await first.serve(None, NoDialer())
    second = await started(served.port)
    with pytest.raises(PortInUse, match=str(served.port)):
        await second.serve(None, NoDialer())
    await second.close(0)
    await first.close(0)


async def test_after_the_end_nobody_answers_and_nothing_runs() -> None:
    server = await started()
    served = await server.serve(None, NoDialer())
    client = HttpClient(f"http://127.0.0.1:{served.port}")
    assert (await client.request("GET", "/readyz")).body == b"ok"
    await server.close(0)
    with pytest.raises(Unreachable):
        await client.request("GET", "/readyz")
    await client.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_without_a_key_there_are_no_tokens() -> None:
    clock = VirtualClock()
    server = ApiServer(MemoryStore(clock=clock), clock, Settings(version="0", port=0))
    await server.start()
    served = await server.serve(None, NoDialer())
    client = HttpClient(f"http://127.0.0.1:{served.port}", token="x.y.z")
    assert (await client.request("GET", "/api")).status == 401
    await client.close()
    await server.close(0)
