"""Expiry: Events live for an hour after their last change. One timer, set for the first that is due."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Sequence
from datetime import timedelta

from wherry.api.core.event import Event as EventObject
from wherry.api.registry import resource_for
from wherry.apiserver.api import Api
from wherry.apiserver.hub import Event, store_key
from wherry.apiserver.selection import Selection
from wherry.machinery.times import parse
from wherry.store.interface import Conflict, StoreError

log = logging.getLogger(__name__)

LIFE = timedelta(hours=1)
SLACK = 1.0  # seconds by which several that are due together wait for each other


class Expiry:
    def __init__(self, api: Api) -> None:
        self.api = api
        self.resource = resource_for(EventObject)
        self.selection = Selection(self.resource)
        self.due: list[tuple[float, str, int]] = []  # loop time, key, revision
        self.timer: asyncio.TimerHandle | None = None
        self.tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.loop = loop
        now = self.api.clock.now()
        cache = self.api.hub.cache(self.resource)
        for entry in cache.entries.values():
            found = entry.typed
            last = found.lastTimestamp or found.metadata.creationTimestamp
            age = (now - parse(last)).total_seconds() if last else 0.0
            left = max(LIFE.total_seconds() - age, 0.0)
            heapq.heappush(self.due, (loop.time() + left, entry.key, entry.revision))
        cache.join(self.selection, "expiry", lambda events: events, self)
        self._plan()

    def send(self, events: Sequence[Event]) -> None:
        """Every change gives an Event another hour."""
        for event in events:
            if event.type != "DELETED":
                when = self.loop.time() + LIFE.total_seconds()
                heapq.heappush(self.due, (when, event.entry.key, event.entry.revision))
        self._plan()

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.api.hub.cache(self.resource).leave(self.selection, "expiry", self)
        for task in self.tasks:
            task.cancel()

    def _plan(self) -> None:
        if self.timer is None and self.due:
            self.timer = self.loop.call_at(self.due[0][0] + SLACK, self._fire)

    def _fire(self) -> None:
        self.timer = None
        task = asyncio.create_task(self._sweep(), name="apiserver: expire events")
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _sweep(self) -> None:
        cache = self.api.hub.cache(self.resource)
        while self.due and self.due[0][0] <= self.loop.time():
            _, key, revision = heapq.heappop(self.due)
            entry = cache.get(key)
            if entry is None or entry.revision != revision:
                continue  # it is gone, or has changed and is due later
            try:
                await self.api.store.delete(store_key(self.resource, key), expect=revision)
            except Conflict:
                continue
            except StoreError as error:
                log.warning("an event could not be expired", extra={"event": key, "error": str(error)})
        self._plan()
