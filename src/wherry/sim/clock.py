"""Clock: virtual time: a loop that jumps to the next timer when nothing is left to do, and its clock.

def test_a_day_goes_by() -> None:
    run(asyncio.sleep(86400))      # at once
"""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - a seeded clock is where a simulation's chance comes from
import selectors
import uuid
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from wherry.machinery.names import SAFE_ALPHABET

START = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = 10.0  # real seconds to wait for other threads when the loop has no timer left

T = TypeVar("T")


class Stuck(RuntimeError):
    """Everything waits for something that nothing is going to do."""


class _Selector(selectors.DefaultSelector):
    """Instead of waiting for a time it moves the loop's time there."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if timeout is None:
            events = super().select(PATIENCE)
            if not events:
                raise Stuck("everything waits, and no timer is set")
            return events
        self.loop.offset += timeout
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.offset = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.offset


class VirtualClock:
    """Time by the running loop, from `start`; chance and identity from `seed`: each run is like the last."""

    def __init__(self, seed: int = 0, start: datetime = START) -> None:
        self._start = start
        self._random = random.Random(seed)

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return 0.0

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def suffix(self, length: int = 5) -> str:
        return "".join(self._random.choice(SAFE_ALPHABET) for _ in range(length))

    def random(self) -> float:
        return self._random.random()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
