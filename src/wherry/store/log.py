"""Log: the live entries in key order and the window of recent changes: what stores show from memory."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from wherry.machinery.clock import Clock
from wherry.store.interface import ABSENT, EMPTY, Change, Compacted, Entry, FutureRevision
from wherry.store.keys import SortedKeys
from wherry.store.watchers import Watchers

OVERHEAD = 300
"""Bytes that a change costs beside the value it replaced: tuples, list places, its key."""

SLACK = 9 / 8
"""The window may outgrow its bounds by an eighth, so that it is cut in large pieces."""

BATCH = 1024
"""Most changes that a watcher is handed at once."""

TICK = 1.0
"""Seconds: how finely the age of changes is known."""

_revision = attrgetter("revision")


class Retention(NamedTuple):
    """How much history a store keeps: changes younger than `seconds` and the newest `changes`, and of
    these no more than `size` bytes."""

    seconds: float = 300.0
    changes: int = 10_000
    size: int = 64 << 20


class Write(NamedTuple):
    """A numbered put, or a deletion if there is no value."""

    key: str
    value: bytes | None
    revision: int


class Log:
    """What every reader of a store sees. Only durable writes come here, in order of revision.

    Each change stands beside the entry it replaced: that one is the way back to older revisions, and
    what a backend may drop from its disk when the change leaves the window. The cost of the window is
    what only the window holds on to: the replaced values.
    """

    def __init__(self, clock: Clock, retention: Retention = Retention()) -> None:
        self.revision = EMPTY
        self.compacted = 0
        self._clock = clock
        self._retention = retention
        self._live: dict[str, Entry] = {}
        self._keys = SortedKeys()
        self._changes: list[Change] = []
        self._replaced: list[Entry | None] = []
        self._cost = 0
        self._wrote = self._marked = clock.monotonic()
        self._marks: deque[tuple[float, int]] = deque()
        self._aged = 0
        self._watchers = Watchers()
        self._closed = False

    def revision_of(self, key: str) -> int:
        entry = self._live.get(key)
        return ABSENT if entry is None else entry.revision

    def load(self, rows: Iterable[Write], compacted: int) -> list[int]:
        """Take in what a backend kept, oldest first; return the revisions of rows that it need not keep."""
        self.compacted = compacted
        useless: list[int] = []
        for row in rows:
            replaced = self._live.get(row.key)
            if row.revision > compacted:
                self._append(row, replaced)
            elif replaced is not None:
                useless.append(replaced.revision)
            if row.value is None:
                self._live.pop(row.key, None)
                if row.revision <= compacted:
                    useless.append(row.revision)
            else:
                self._live[row.key] = Entry(replaced.key if replaced else row.key, row.value, row.revision)
            self.revision = row.revision
        self.revision = max(self.revision, compacted, EMPTY)
        self._keys = SortedKeys(self._live)
        return useless + self.trim()

    def commit(self, writes: Sequence[Write]) -> None:
        """Make durable writes visible and wake who watches."""
        known = self.revision
        self._mark()
        for write in writes:
            self._apply(write)
        self._watchers.wake(self._changes[-len(writes) :], known)

    def _apply(self, write: Write) -> None:
        key, value, revision = write
        replaced = self._live.get(key)
        self._append(write, replaced)
        if value is None:
            if self._live.pop(key, None) is not None:
                self._keys.remove(key)
        elif replaced is None:
            self._live[key] = Entry(key, value, revision)
            self._keys.add(key)
        else:
            # The key as first stored: equal strings are not held twice.
            self._live[key] = Entry(replaced.key, value, revision)
        self.revision = revision

    def _append(self, write: Write, replaced: Entry | None) -> None:
        key, value, revision = write
        if replaced is None:
            self._changes.append(Change(key, value, revision, None, value is not None))
            self._cost += OVERHEAD
        else:
            self._changes.append(Change(replaced.key, value, revision, replaced.value, False))
            self._cost += OVERHEAD + len(replaced.value)
        self._replaced.append(replaced)

    def range(self, prefix: str, at: int, after: str, limit: int) -> tuple[list[Entry], int]:
        """As `Store.range`."""
        if at > self.revision:
            raise FutureRevision(at, self.revision)
        if at and at < self.compacted:
            raise Compacted(at, self.compacted)
        live = self._live
        if not at or at == self.revision:
            return [live[key] for key in self._keys.under(prefix, after=after, limit=limit)], self.revision
        then = self._undone(prefix, at, after)
        # Each key undone can take one away from those found now, no more.
        now = self._keys.under(prefix, after=after, limit=limit and limit + len(then))
        entries = [live[key] for key in now if key not in then]
        entries += [entry for entry in then.values() if entry is not None]
        entries.sort()
        return (entries[:limit] if limit else entries), at

    def _undone(self, prefix: str, at: int, after: str) -> dict[str, Entry | None]:
        """What stood at revision `at` where something else stands now."""
        then: dict[str, Entry | None] = {}
        for index in range(self._position(at), len(self._changes)):
            key = self._changes[index].key
            if key > after and key.startswith(prefix):
                then.setdefault(key, self._replaced[index])
        return then

    async def watch(self, prefix: str, since: int) -> AsyncIterator[Sequence[Change]]:
        """As `Store.watch`. A watcher holds nothing but its place: a slow one costs no memory."""
        while not self._closed:
            if since < self.compacted:
                raise Compacted(since, self.compacted)
            start = self._position(since)
            changes = self._changes[start : start + BATCH]
            if not changes:
                since = max(since, await self._watchers.wait(prefix))
                continue
            since = changes[-1].revision
            if batch := [change for change in changes if change.key.startswith(prefix)]:
                yield batch

    def compact(self, before: int) -> list[int]:
        """Drop the history before a revision; return the revisions of rows that a backend need not keep."""
        before = min(before, self.revision)
        if before <= self.compacted:
            return []
        count = self._position(before)
        useless: list[int] = []
        for change, replaced in zip(self._changes[:count], self._replaced[:count], strict=True):
            self._cost -= OVERHEAD
            if replaced is not None:
                self._cost -= len(replaced.value)
                useless.append(replaced.revision)
            if change.value is None:
                useless.append(change.revision)
        del self._changes[:count]
        del self._replaced[:count]
        self.compacted = before
        return useless

    def trim(self) -> list[int]:
        """Compact what is beyond the retention's bounds. Called after writes: no write, no growth."""
        keep = self._retention
        count = 0
        if len(self._changes) > keep.changes * SLACK:
            count = min(self._position(self._aged), len(self._changes) - keep.changes)
        if self._cost > keep.size * SLACK:
            count = max(count, self._beyond(self._cost - keep.size))
        return self.compact(self._changes[count - 1].revision) if count > 0 else []

    def close(self) -> None:
        """End all watches."""
        self._closed = True
        self._watchers.wake_all(self.revision)

    def _position(self, revision: int) -> int:
        """The index of the first change after a revision."""
        if not self._changes or revision >= self._changes[-1].revision:
            return len(self._changes)
        return bisect_right(self._changes, revision, key=_revision)

    def _beyond(self, excess: int) -> int:
        """How many of the oldest changes hold `excess` bytes."""
        count = 0
        for replaced in self._replaced:
            if excess <= 0:
                break
            excess -= OVERHEAD + (len(replaced.value) if replaced is not None else 0)
            count += 1
        return count

    def _mark(self) -> None:
        """Before a write: note since when the newest revision stands, and which one is old enough to go."""
        now = self._clock.monotonic()
        marks = self._marks
        if now - self._marked >= TICK:
            marks.append((self._wrote, self.revision))
            self._marked = now
        self._wrote = now
        while marks and marks[0][0] <= now - self._retention.seconds:
            self._aged = marks.popleft()[1]
