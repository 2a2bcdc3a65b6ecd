"""Gates: an object is not looked at again until the cache shows what the last round wrote about it.

Without that a controller that has just made three Pods, and does not see them yet, makes three more.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from wherry.api.registry import Resource
from wherry.client.cache import Cache, Change, Key
from wherry.machinery.meta import Object
from wherry.manager.actions import Written

PATIENCE = 60.0  # seconds after which a write that never shows is given up: something else undid it

Sight = tuple[Resource, str]


class Gates:
    """Which keys wait for which writes to show; `opened(key)` is called when all of a key's have."""

    def __init__(self, opened: Callable[[Key], None]) -> None:
        self._opened = opened
        self._missing: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._revisions: dict[Resource, list[tuple[int, Key]]] = {}
        self._endings: dict[Sight, list[Key]] = {}

    def closed(self, key: Key) -> bool:
        return key in self._missing

    def close(self, key: Key, written: Iterable[Written], caches: Mapping[Resource, Cache[Any]]) -> None:
        """Keep the key back until these writes show; those that show already, or never will, do not count."""
        missing = 0
        for each in written:
            cache = caches.get(each.resource)
            if cache is None:
                continue
            if each.revision:
                if cache.revision < each.revision:
                    heapq.heappush(self._revisions.setdefault(each.resource, []), (each.revision, key))
                    missing += 1
            elif not _shows_ending(cache.get(each.name, each.namespace), each.uid):
                self._endings.setdefault((each.resource, each.uid), []).append(key)
                missing += 1
        if missing:
            self._missing[key] = self._missing.get(key, 0) + missing
            if key not in self._timers:
                loop = asyncio.get_running_loop()
                self._timers[key] = loop.call_later(PATIENCE, self._give_up, key)

    def seen(self, resource: Resource, revision: int, changes: Sequence[Change[Any]]) -> None:
        """The cache of `resource` has taken these in and come this far."""
        heap = self._revisions.get(resource)
        while heap and heap[0][0] <= revision:
            self._tick(heapq.heappop(heap)[1])
        if not self._endings:
            return
        for change in changes:
            if change.new is None or change.new.metadata.deletionTimestamp:
                meta = change.object.metadata
                for key in self._endings.pop((resource, meta.uid), ()):
                    self._tick(key)

    def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _tick(self, key: Key) -> None:
        left = self._missing.get(key)
        if left is None:
            return  # given up before
        if left > 1:
            self._missing[key] = left - 1
            return
        self._open(key)

    def _open(self, key: Key) -> None:
        del self._missing[key]
        if timer := self._timers.pop(key, None):
            timer.cancel()
        self._opened(key)

    def _give_up(self, key: Key) -> None:
        for heap in self._revisions.values():
            heap[:] = [entry for entry in heap if entry[1] != key]
            heapq.heapify(heap)
        for sight, keys in tuple(self._endings.items()):
            self._endings[sight] = [each for each in keys if each != key]
        self._timers.pop(key, None)
        if key in self._missing:
            self._open(key)


def _shows_ending(obj: Object | None, uid: str) -> bool:
    return obj is None or obj.metadata.uid != uid or bool(obj.metadata.deletionTimestamp)
