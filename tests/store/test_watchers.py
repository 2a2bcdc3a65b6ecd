from __future__ import annotations

import asyncio

from wherry.store.interface import Change
from wherry.store.watchers import Watchers


async def test_a_change_wakes_all_it_concerns_and_nobody_else() -> None:
    watchers = Watchers()
    pods = [asyncio.ensure_future(watchers.wait("/pods/")) for _ in range(3)]
    nodes = asyncio.ensure_future(watchers.wait("/nodes/"))
    await asyncio.sleep(0)
    watchers.wake([Change("/pods/a", b"", 8, None, True)], known=7)
    assert await asyncio.gather(*pods) == [7, 7, 7]
    assert not nodes.done()
    watchers.wake_all(known=9)
    assert await nodes == 9


async def test_who_stops_waiting_is_forgotten() -> None:
    watchers = Watchers()
    waiting = asyncio.ensure_future(watchers.wait("/pods/"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert not watchers._waiting
