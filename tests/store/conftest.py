"""Every store backend, opened on a clock that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wherry.machinery.clock import Clock
from wherry.store.interface import Store
from wherry.store.log import Retention
from wherry.store.memory import MemoryStore
from wherry.store.sqlite import SqliteStore

START = datetime(2026, 1, 1, tzinfo=UTC)

OpenStore = Callable[..., Awaitable[Store]]


class StandingClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def uuid(self) -> str:
        return "00000000-0000-4000-8000-000000000000"

    def suffix(self, length: int = 5) -> str:
        return "b" * length

    def random(self) -> float:
        return 0.5


@pytest.fixture
def clock() -> Clock:
    return StandingClock()


@pytest.fixture
def elapse(clock: StandingClock) -> Callable[[float], None]:
    def forward(seconds: float) -> None:
        clock.seconds += seconds

    return forward


@pytest.fixture(params=["memory", "sqlite"])
async def open_store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> AsyncIterator[OpenStore]:
    """Opens a store of each backend, with a retention of the test's choice; closes it afterwards."""
    opened: list[Store] = []

    async def opener(retention: Retention = Retention()) -> Store:
        store: Store
        if request.param == "memory":
            store = MemoryStore(clock=clock, retention=retention)
        else:
            store = await SqliteStore.open(
                tmp_path / f"store-{len(opened)}.db", clock=clock, retention=retention
            )
        opened.append(store)
        return store

    yield opener
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    return await open_store()
