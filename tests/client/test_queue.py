"""Keyed queues: once each, one at a time, later when asked."""

from __future__ import annotations

import asyncio

import pytest

from wherry.client.queue import KeyedQueue, QueueClosed
from wherry.sim.clock import run


def test_a_key_that_is_added_twice_comes_once() -> None:
    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add("a")
        queue.add("a")
        assert await queue.get() == "a"
        assert len(queue) == 0

    run(scenario())


def test_a_key_in_work_comes_again_only_when_that_is_done() -> None:
    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add("a")
        assert await queue.get() == "a"
        queue.add("a")
        assert len(queue) == 0
        queue.done("a")
        assert await queue.get() == "a"

    run(scenario())


def test_keys_come_in_the_order_in_which_they_were_added() -> None:
    async def scenario() -> None:
        queue: KeyedQueue[int] = KeyedQueue()
        for number in range(5):
            queue.add(number)
        assert [await queue.get() for _ in range(5)] == [0, 1, 2, 3, 4]

    run(scenario())


def test_the_earliest_of_several_delays_counts() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add_after("a", 10)
        queue.add_after("a", 3)
        queue.add_after("a", 7)
        assert await queue.get() == "a"
        assert loop.time() == pytest.approx(3)

    run(scenario())


def test_delays_double_with_failures_and_start_anew_after_success() -> None:
    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        delays = [queue.add_failed("a") for _ in range(20)]
        assert delays[:4] == [0.005, 0.01, 0.02, 0.04]
        assert delays[-1] == 1000.0
        queue.forget("a")
        assert queue.add_failed("a") == 0.005
        queue.close()

    run(scenario())


def test_waiting_for_a_key_takes_no_timer() -> None:
    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        getter = asyncio.ensure_future(queue.get())
        await asyncio.sleep(3600)
        assert not getter.done()
        queue.add("a")
        assert await getter == "a"

    run(scenario())


def test_a_cancelled_getter_does_not_swallow_a_key() -> None:
    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        first, second = asyncio.ensure_future(queue.get()), asyncio.ensure_future(queue.get())
        await asyncio.sleep(0)
        queue.add("a")
        first.cancel()
        assert await second == "a"

    run(scenario())


def test_closing_tells_all_who_wait() -> None:
    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        getters = [asyncio.ensure_future(queue.get()) for _ in range(3)]
        queue.add_after("late", 5)
        await asyncio.sleep(0)
        queue.close()
        results = await asyncio.gather(*getters, return_exceptions=True)
        assert all(isinstance(result, QueueClosed) for result in results)

    run(scenario())
