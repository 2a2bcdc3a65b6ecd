"""Virtual time: nothing waits, everything comes in order."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from wherry.sim import clock
from wherry.sim.clock import START, Stuck, VirtualClock, run


def test_a_day_goes_by_at_once() -> None:
    async def scenario() -> None:
        virtual = VirtualClock()
        await asyncio.sleep(86400)
        assert virtual.now() == START + timedelta(days=1)

    run(scenario())


def test_timers_ring_in_the_order_of_their_times() -> None:
    async def scenario() -> None:
        rung: list[int] = []

        async def wait(seconds: int) -> None:
            await asyncio.sleep(seconds)
            rung.append(seconds)

        await asyncio.gather(*map(wait, (30, 10, 20)))
        assert rung == [10, 20, 30]

    run(scenario())


def test_a_timeout_takes_its_virtual_time() -> None:
    async def scenario() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        assert asyncio.get_running_loop().time() == pytest.approx(3600)

    run(scenario())


def test_equal_seeds_give_equal_chance() -> None:
    def drawn(seed: int) -> tuple[str, str, float]:
        virtual = VirtualClock(seed)
        return virtual.uuid(), virtual.suffix(), virtual.random()

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_who_waits_for_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "PATIENCE", 0.01)

    async def scenario() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck):
        run(scenario())


def test_other_threads_are_waited_for() -> None:
    async def scenario() -> int:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[int] = loop.create_future()
        threading.Thread(target=lambda: loop.call_soon_threadsafe(answer.set_result, 7)).start()
        return await answer

    assert run(scenario()) == 7
