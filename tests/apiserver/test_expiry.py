"""Events live for an hour after their last change."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.apiserver.conftest import Driver, account_key

from wherry.apiserver.server import ApiServer, Settings
from wherry.machinery.errors import NotFound
from wherry.sim.clock import VirtualClock
from wherry.store.memory import MemoryStore


def event(name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
        "reason": "R",
        "type": "Normal",
    }


async def there(api: Driver, name: str) -> bool:
    try:
        await api.get("events", name)
    except NotFound:
        return False
    return True


async def test_an_event_is_gone_after_an_hour(api: Driver) -> None:
    await api.create("events", event("a"))
    await asyncio.sleep(3590)
    assert await there(api, "a")
    await asyncio.sleep(20)
    assert not await there(api, "a")


async def test_a_change_is_another_hour(api: Driver) -> None:
    await api.create("events", event("a"))
    await asyncio.sleep(3000)
    await api.patch("events", "a", {"count": 2})
    await asyncio.sleep(3000)
    assert await there(api, "a")
    await asyncio.sleep(700)
    assert not await there(api, "a")


async def test_many_go_together(api: Driver) -> None:
    for number in range(30):
        await api.create("events", event(f"e{number}"))
        await asyncio.sleep(1)
    await asyncio.sleep(3610)
    assert await api.names("events") == []


async def test_an_hour_is_an_hour_across_starts() -> None:
    clock = VirtualClock()
    store = MemoryStore(clock=clock)

    async def start() -> tuple[ApiServer, Driver]:
        made = ApiServer(store, clock, Settings(version="0", service_account_key=account_key()))
        await made.start()
        return made, Driver(made.api)

    first, api = await start()
    await api.create("events", event("a"))
    await asyncio.sleep(3000)
    await first.close(0)
    second, api = await start()
    assert await there(api, "a")
    await asyncio.sleep(650)
    assert not await there(api, "a")
    await second.close(0)
