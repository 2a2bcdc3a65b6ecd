"""MemoryStore: a store that lasts as long as its process: tests, laboratories, throw-away clusters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from wherry.machinery.clock import Clock
from wherry.store.interface import ANY, Change, Conflict, Entry, StoreClosed
from wherry.store.log import Log, Retention, Write


class MemoryStore:
    """Every write takes effect before the call returns to the loop."""

    def __init__(self, *, clock: Clock, retention: Retention = Retention()) -> None:
        self._log = Log(clock, retention)
        self._closed = False

    @property
    def revision(self) -> int:
        return self._log.revision

    async def range(
        self, prefix: str, *, at: int = 0, after: str = "", limit: int = 0
    ) -> tuple[list[Entry], int]:
        return self._log.range(prefix, at, after, limit)

    async def put(self, key: str, value: bytes, *, expect: int) -> int:
        return self._write(key, value, expect)

    async def delete(self, key: str, *, expect: int) -> int:
        return self._write(key, None, expect)

    def watch(self, prefix: str, *, since: int) -> AsyncIterator[Sequence[Change]]:
        return self._log.watch(prefix, since)

    async def compact(self, before: int) -> None:
        self._log.compact(before)

    async def close(self) -> None:
        self._closed = True
        self._log.close()

    def _write(self, key: str, value: bytes | None, expect: int) -> int:
        if self._closed:
            raise StoreClosed(f"{key} was not written: the store in memory is closed")
        actual = self._log.revision_of(key)
        if expect not in (actual, ANY) or (value is None and not actual):
            raise Conflict(key, expect, actual)
        revision = self._log.revision + 1
        self._log.commit((Write(key, value, revision),))
        self._log.trim()
        return revision
