"""The Service by which Pods find the API server comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.apiserver.conftest import Driver

from wherry.apiserver.server import ApiServer, Settings
from wherry.machinery.errors import NotFound
from wherry.sim.clock import VirtualClock
from wherry.store.memory import MemoryStore

PARTS = ("services", "endpoints", "endpointslices")


@pytest.fixture
async def api() -> AsyncIterator[Driver]:
    """A server that says at which address Pods reach it."""
    clock = VirtualClock()
    made = ApiServer(MemoryStore(clock=clock), clock, Settings(version="0", advertise="192.0.2.1"))
    await made.start()
    yield Driver(made.api)
    await made.close(0)


@pytest.mark.parametrize("plural", PARTS)
async def test_what_was_deleted_is_back(api: Driver, plural: str) -> None:
    before = await api.get(plural, "kubernetes")
    await api.delete(plural, "kubernetes")
    await asyncio.sleep(1)
    after = await api.get(plural, "kubernetes")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after.get("spec") == before.get("spec")
    assert after.get("subsets") == before.get("subsets")


async def test_everything_at_once_and_again(api: Driver) -> None:
    for _ in range(2):
        for plural in PARTS:
            await api.delete(plural, "kubernetes")
        await asyncio.sleep(1)
        assert all([await api.get(plural, "kubernetes") for plural in PARTS])


async def test_other_services_go(api: Driver) -> None:
    await api.create("services", {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 1}]}})
    await api.delete("services", "a")
    await asyncio.sleep(60)
    with pytest.raises(NotFound):
        await api.get("services", "a")


async def test_it_waits_for_its_address_if_somebody_took_it(
    api: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    """A Service that asks for it in the same moment has it; kubernetes is back when that one is gone."""
    services = api.api.services
    await api.delete("services", "kubernetes")
    services.addresses.add(services.kubernetes)
    await asyncio.sleep(1)
    assert "kubernetes" not in await api.names("services")
    assert "could not be put back" in caplog.text
    services.addresses.discard(services.kubernetes)
    await asyncio.sleep(11)
    assert "kubernetes" in await api.names("services")
