"""SqliteStore: the default store, one file on a local disk, for one process.

The event loop decides: it compares, numbers and queues. One writer thread commits: all that is queued
goes into one transaction and one fsync, and is acknowledged together, in order of revision. Reads and
watches are answered from memory, which holds exactly what is durable.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Semaphore, Thread
from typing import NamedTuple, TypeVarTuple

from wherry.machinery.clock import Clock
from wherry.store import database
from wherry.store.database import Database, Reading, explain
from wherry.store.interface import ABSENT, ANY, Change, Conflict, Entry, StoreClosed, StoreError
from wherry.store.lock import FileLock
from wherry.store.log import Log, Retention, Write

Arguments = TypeVarTuple("Arguments")

GROUP = 512
"""Most writes of one transaction."""

DROPPED = 1024
"""Most rows dropped along with a transaction."""

PATIENCE = 0.001
"""Seconds that a write may take before the loop stands aside for the writer thread."""

ASIDE = 0.001
"""Seconds that the loop stands aside at most; then it works for at least five times as long."""


class Pending(NamedTuple):
    """A numbered write on its way to the disk."""

    write: Write
    done: asyncio.Future[int]


class Chore(NamedTuple):
    """Drop all useless rows; then, if it is the last one, close the file."""

    done: asyncio.Future[None]
    last: bool


class SqliteStore:
    """Open it with `await SqliteStore.open(path, clock=clock)`, on the loop that will use it."""

    def __init__(self, path: Path, log: Log, file: Database, lock: FileLock, useless: Sequence[int]) -> None:
        self._path = path
        self._log = log
        self._file = file
        self._lock = lock
        self._loop = asyncio.get_running_loop()
        self._assigned = log.revision
        self._pending: dict[str, Write] = {}
        self._losers: list[asyncio.Future[None]] = []
        self._closing: asyncio.Task[None] | None = None
        # Between the loop, which puts in, and the writer thread, which takes out.
        self._queue: SimpleQueue[Pending | Chore] = SimpleQueue()
        self._useless = deque(useless)
        # The writer thread's own.
        self._dropping: list[int] = []
        self._mended = Semaphore(0)
        self._reported = Event()
        self._reports_sent = 0
        self._reports_heard = 0
        self._standing_by = False
        self._thread = Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    @classmethod
    async def open(cls, path: str | Path, *, clock: Clock, retention: Retention = Retention()) -> SqliteStore:
        """Open or create; StoreBusy, StoreDamaged, StoreTooNew or another StoreError if that cannot be."""
        return cls(*await asyncio.to_thread(_open, Path(path), clock, retention))

    @property
    def revision(self) -> int:
        return self._log.revision

    async def range(
        self, prefix: str, *, at: int = 0, after: str = "", limit: int = 0
    ) -> tuple[list[Entry], int]:
        return self._log.range(prefix, at, after, limit)

    async def put(self, key: str, value: bytes, *, expect: int) -> int:
        return await self._write(key, value, expect)

    async def delete(self, key: str, *, expect: int) -> int:
        return await self._write(key, None, expect)

    def watch(self, prefix: str, *, since: int) -> AsyncIterator[Sequence[Change]]:
        return self._log.watch(prefix, since)

    async def compact(self, before: int) -> None:
        self._check_open("the store was not compacted")
        self._useless.extend(self._log.compact(before))
        await self._chore(last=False)

    async def backup(self, target: str | Path) -> None:
        """Copy the store, as it is now, to a new file; writing goes on meanwhile."""
        try:
            await asyncio.to_thread(database.copy, self._path, Path(target))
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"{self._path} was not copied to {target}: {error}: see that there is room"
            ) from error

    async def close(self) -> None:
        if self._closing is None:
            self._closing = self._loop.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await self._chore(last=True)
        self._thread.join()
        self._log.close()

    # On the loop: decide and number.

    async def _write(self, key: str, value: bytes | None, expect: int) -> int:
        while True:
            self._check_open(f"{key} was not written")
            pending = self._pending.get(key)
            if pending is None:
                actual = self._log.revision_of(key)
            else:
                actual = ABSENT if pending.value is None else pending.revision
            if expect in (actual, ANY) and (value is not None or actual):
                return await self._enqueue(key, value)
            if pending is None:
                raise Conflict(key, expect, actual)
            # Lost to a write that nobody can see yet, and that may fail: wait for its end.
            await self._settled()

    def _enqueue(self, key: str, value: bytes | None) -> asyncio.Future[int]:
        self._assigned += 1
        write = Write(key, value, self._assigned)
        self._pending[key] = write
        done: asyncio.Future[int] = self._loop.create_future()
        self._queue.put(Pending(write, done))
        if not self._standing_by:
            self._standing_by = True
            self._loop.call_later(PATIENCE, self._stand_aside)
        return done

    def _stand_aside(self) -> None:
        """Let the writer thread run, if writes are on their way still.

        A loop with much to do gives up the interpreter's lock often, but for a moment each time, too
        short for a waiting thread to notice: the thread would wait for seconds. So the loop waits for
        the thread, for as long as a commit takes on a good disk.
        """
        self._standing_by = bool(self._pending)
        if not self._standing_by:
            return
        self._reported.clear()
        if self._reports_sent == self._reports_heard:
            self._reported.wait(ASIDE)
        self._loop.call_later(
            5 * ASIDE if self._reports_sent == self._reports_heard else PATIENCE, self._stand_aside
        )

    def _settled(self) -> asyncio.Future[None]:
        loser: asyncio.Future[None] = self._loop.create_future()
        self._losers.append(loser)
        return loser

    def _chore(self, *, last: bool) -> asyncio.Future[None]:
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put(Chore(done, last))
        return done

    def _check_open(self, what: str) -> None:
        if self._closing is not None:
            raise StoreClosed(f"{what}: {self._path} is closed")

    # On the loop again: what the writer thread reports.

    def _committed(self, group: Sequence[Pending], chores: Sequence[Chore]) -> None:
        self._reports_heard += 1
        if group:
            self._log.commit([pending.write for pending in group])
        for write, done in group:
            if self._pending.get(write.key) is write:
                del self._pending[write.key]
            if not done.done():
                done.set_result(write.revision)
        for chore in chores:
            if not chore.done.done():
                chore.done.set_result(None)
        self._wake_losers()
        self._useless.extend(self._log.trim())

    def _failed(self, error: Exception, group: Sequence[Pending], chores: Sequence[Chore]) -> None:
        """Nothing of the group was written. What is queued behind was decided on top of it: it fails too."""
        self._reports_heard += 1
        lost: list[Pending | Chore] = [*group, *chores]
        with suppress(Empty):
            while True:
                lost.append(self._queue.get_nowait())
        self._pending.clear()
        self._assigned = self._log.revision
        for item in lost:
            if isinstance(item, Chore) and item.last:
                self._queue.put(item)
            elif not item.done.done():
                item.done.set_exception(explain(self._path, error))
        self._wake_losers()
        self._mended.release()

    def _wake_losers(self) -> None:
        for loser in self._losers:
            if not loser.done():
                loser.set_result(None)
        self._losers.clear()

    # In the writer thread.

    def _work(self) -> None:
        # A loop that was closed without closing the store hears nothing any more: then this ends too.
        with suppress(RuntimeError):
            while True:
                group, chores = self._take()
                last = any(chore.last for chore in chores)
                self._choose(len(self._useless) if chores else DROPPED)
                try:
                    self._file.commit(
                        [pending.write for pending in group], self._dropping, self._log.compacted
                    )
                    self._dropping.clear()
                except Exception as error:
                    # Useless rows do not keep a full store from closing: they are found when it is opened.
                    if group or not last:
                        self._report(self._failed, error, group, chores)
                        self._mended.acquire()
                        continue
                if last:
                    break
                self._report(self._committed, group, chores)
        self._file.close()
        self._lock.release()
        with suppress(RuntimeError):
            self._report(self._committed, group, chores)

    def _report(self, to: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
        self._loop.call_soon_threadsafe(to, *arguments)
        self._reports_sent += 1
        self._reported.set()

    def _choose(self, most: int) -> None:
        """Useless rows to drop now, with those that a failed transaction did not drop."""
        while self._useless and len(self._dropping) < most:
            self._dropping.append(self._useless.popleft())

    def _take(self) -> tuple[list[Pending], list[Chore]]:
        items = [self._queue.get()]
        items += [self._queue.get_nowait() for _ in range(min(self._queue.qsize(), GROUP - 1))]
        return (
            [item for item in items if isinstance(item, Pending)],
            [item for item in items if isinstance(item, Chore)],
        )


def _open(path: Path, clock: Clock, retention: Retention) -> tuple[Path, Log, Database, FileLock, list[int]]:
    path = path.absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(path.name + ".lock"))
    except OSError as error:
        raise StoreError(f"cannot use {path}: {error}: see that its folder can be written to") from error
    try:
        log = Log(clock, retention)
        useless = _load(path, log) if database.exists(path) else []
        return path, log, Database(path), lock, useless
    except sqlite3.Error as error:
        lock.release()
        raise explain(path, error) from error
    except BaseException:
        lock.release()
        raise


def _load(path: Path, log: Log) -> list[int]:
    reading = Reading(path)
    try:
        compacted = reading.compacted()
        return [] if compacted is None else log.load(reading.rows(), compacted)
    finally:
        reading.close()
