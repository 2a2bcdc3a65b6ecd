"""Queue: keys of objects to look at: each at most once, never two at a time for one key, later when asked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)

FIRST_DELAY, LONGEST_DELAY = 0.005, 1000.0  # seconds, doubled with each failure


class QueueClosed(Exception):
    """There will be no more keys."""


class KeyedQueue(Generic[KeyT]):
    """First come, first served. Waiting is done by the loop's timers: an idle queue costs nothing."""

    def __init__(self) -> None:
        self._ready: deque[KeyT] = deque()
        self._wanted: set[KeyT] = set()  # in _ready, or to be put there when done
        self._taken: set[KeyT] = set()
        self._failures: dict[KeyT, int] = {}
        self._timers: dict[KeyT, asyncio.TimerHandle] = {}
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._closed = False
        self.adds = 0
        self.retries = 0

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is ready and nothing is being worked on. Timers do not count."""
        return not self._ready and not self._taken

    def add(self, key: KeyT) -> None:
        """Ready now; if it is being looked at, again as soon as that is done."""
        if key in self._wanted or self._closed:
            return
        self.adds += 1
        self._wanted.add(key)
        if key not in self._taken:
            self._offer(key)

    def add_after(self, key: KeyT, delay: float) -> None:
        """Ready after `delay` seconds, or earlier if it was to be so already."""
        if delay <= 0:
            self.add(key)
            return
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + delay
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= when:
                return
            timer.cancel()
        self._timers[key] = loop.call_at(when, self._ring, key)

    def add_failed(self, key: KeyT) -> float:
        """Ready after a delay that doubles with each failure in a row; returns that delay."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.retries += 1
        delay = min(FIRST_DELAY * 2.0 ** min(failures, 60), LONGEST_DELAY)
        self.add_after(key, delay)
        return delay

    def failures(self, key: KeyT) -> int:
        return self._failures.get(key, 0)

    def forget(self, key: KeyT) -> None:
        """It went well: the next failure is the first again."""
        self._failures.pop(key, None)

    async def get(self) -> KeyT:
        """The next key; the caller owns it until `done`. QueueClosed when closed."""
        while not self._ready:
            if self._closed:
                raise QueueClosed
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled() and self._ready:
                    self._wake()
                raise
        key = self._ready.popleft()
        self._wanted.discard(key)
        self._taken.add(key)
        return key

    def done(self, key: KeyT) -> None:
        self._taken.discard(key)
        if key in self._wanted:
            self._offer(key)

    def close(self) -> None:
        """No more keys: timers are stopped, and whoever waits is told."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._ready.clear()
        while self._waiters:
            self._wake()

    def _ring(self, key: KeyT) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _offer(self, key: KeyT) -> None:
        self._ready.append(key)
        self._wake()

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
