"""Queue: which Pod is next, and which wait: for their back-off, or for something to change.

Higher priority first, then who came first. A Pod that found no node waits until a change that one of the
plug-ins that kept it out was waiting for, and then at least its back-off; after five minutes it is tried
again anyhow.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from wherry.api.core.pod import Pod
from wherry.client.cache import Key, key_of

BACKOFF = 1.0  # seconds after the first failure, doubled by each further one …
LONGEST_BACKOFF = 10.0  # … up to this
FLUSH = 300.0  # seconds after which a Pod is tried again whatever happens


@dataclass(slots=True)
class Waiting:
    """A Pod that wants a node."""

    pod: Pod
    order: int
    attempts: int = 0
    waits_for: frozenset[str] = frozenset()
    since: float = 0.0


class Queue:
    """`retry_on` says for which changes Pods that a plug-in kept out are worth another try."""

    def __init__(self, retry_on: Callable[[frozenset[str]], frozenset[str]]) -> None:
        self.retry_on = retry_on
        self._count = itertools.count()
        self._known: dict[Key, Waiting] = {}
        self._active: list[tuple[int, int, Key]] = []
        self._parked: dict[Key, Waiting] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._waiter: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._known)

    def put(self, pod: Pod) -> None:
        """A Pod without a node, new or changed. A change of a parked one is a reason to try again."""
        key = key_of(pod)
        found = self._known.get(key)
        if found is None:
            self._known[key] = found = Waiting(pod, next(self._count))
            self._activate(key, found)
            return
        changed = found.pod.spec != pod.spec or found.pod.metadata.labels != pod.metadata.labels
        found.pod = pod
        if changed and key in self._parked:
            self._revive(key)

    def remove(self, key: Key) -> None:
        """The Pod is gone or has a node."""
        self._known.pop(key, None)
        self._parked.pop(key, None)
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    async def get(self) -> Waiting:
        """The next Pod to place, as soon as there is one."""
        while True:
            while self._active:
                _, order, key = heapq.heappop(self._active)
                found = self._known.get(key)
                if found is not None and found.order == order:
                    return found
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def park(self, waiting: Waiting, plugins: frozenset[str]) -> None:
        """No node for this one now: it waits for a change that concerns `plugins`."""
        key = key_of(waiting.pod)
        if self._known.get(key) is not waiting:
            return
        loop = asyncio.get_running_loop()
        waiting.attempts += 1
        waiting.waits_for = self.retry_on(plugins)
        waiting.since = loop.time()
        self._parked[key] = waiting
        self._timers[key] = loop.call_later(FLUSH, self._revive, key)

    def retry(self, waiting: Waiting) -> None:
        """Something went wrong that is not the Pod's fault: try again after the back-off."""
        key = key_of(waiting.pod)
        if self._known.get(key) is waiting:
            waiting.attempts += 1
            waiting.since = asyncio.get_running_loop().time()
            self._parked[key] = waiting
            self._revive(key)

    def changed(self, event: str) -> None:
        """Something changed: those that wait for it may try again."""
        for key in [key for key, waiting in self._parked.items() if event in waiting.waits_for]:
            self._revive(key)

    def _revive(self, key: Key) -> None:
        waiting = self._parked.pop(key, None)
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        if waiting is None:
            return
        loop = asyncio.get_running_loop()
        backoff = min(BACKOFF * 2 ** (waiting.attempts - 1), LONGEST_BACKOFF)
        left = waiting.since + backoff - loop.time()
        if left <= 0:
            self._activate(key, waiting)
        else:
            self._timers[key] = loop.call_later(left, self._activate, key, waiting)

    def _activate(self, key: Key, waiting: Waiting) -> None:
        self._timers.pop(key, None)
        if self._known.get(key) is not waiting:
            return
        priority = waiting.pod.spec.priority or 0
        heapq.heappush(self._active, (-priority, waiting.order, key))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
