"""Runner: one controller at work: which objects to look at, when, and what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from wherry.api.registry import resource_for
from wherry.client.cache import CONTROLLER, Cache, Caches, Change, Key, by_controller, key_of
from wherry.client.client import Client
from wherry.client.events import Recorder
from wherry.client.queue import KeyedQueue, QueueClosed
from wherry.controllers.contract import Controller, Round, Watch, namespace_is_going
from wherry.machinery.clock import Clock
from wherry.machinery.errors import AlreadyExists, Conflict, NotFound
from wherry.machinery.meta import Object
from wherry.machinery.ownership import controller_of
from wherry.manager.actions import Result, carry_out
from wherry.manager.gates import Gates
from wherry.manager.view import Memory, View

log = logging.getLogger(__name__)


class Runner:
    """Feeds a controller from the caches. Work waits for the caches it sees, then goes key by key."""

    def __init__(
        self, controller: Controller, client: Client, caches: Caches, recorder: Recorder, clock: Clock
    ) -> None:
        self.controller = controller
        self.queue: KeyedQueue[Key] = KeyedQueue()
        self.rounds = 0
        self.failures = 0
        self._client = client
        self._recorder = recorder
        self._clock = clock
        self._caches: dict[type[Object], Cache[Any]] = {kind: caches.of(kind) for kind in controller.kinds}
        self._by_resource = {resource_for(kind): cache for kind, cache in self._caches.items()}
        self._gates = Gates(self._opened)
        self._parked: set[Key] = set()
        self._memory = Memory(controller.timed, clock)
        self._missed: dict[Key, datetime] = {}  # when an object that is still cared for was first missed
        for kind in controller.owns:
            self._caches[kind].index(CONTROLLER, by_controller)
        for index in controller.indices:
            self._caches[index.kind].index(index.name, index.values)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do until something changes or a timer rings."""
        return self.queue.is_idle and not self._parked

    async def run(self) -> None:
        """Work until `stop` is called or the task is cancelled."""
        for cache in self._caches.values():
            await cache.synced()
        subscriptions = self._subscribe()
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self.controller.workers):
                    group.create_task(self._work(), name=f"{self.controller.name} {number}")
        finally:
            for unsubscribe in subscriptions:
                unsubscribe()
            self.queue.close()
            self._gates.stop()

    def stop(self) -> None:
        """Finish the rounds under way, begin no others."""
        self.queue.close()

    async def _work(self) -> None:
        while True:
            try:
                key = await self.queue.get()
            except QueueClosed:
                return
            try:
                if self._gates.closed(key):
                    self._parked.add(key)
                else:
                    await self._look_at(key)
            finally:
                self.queue.done(key)

    def _opened(self, key: Key) -> None:
        if key in self._parked:
            self._parked.discard(key)
            self.queue.add(key)

    async def _look_at(self, key: Key) -> None:
        self.rounds += 1
        try:
            round_ = self._round(key)
            if round_ is None:
                self.queue.forget(key)
                return
            result = await carry_out(round_, self._client, self._recorder)
        except Exception:  # a controller's mistake with one object must not stop the others
            self.failures += 1
            delay = self.queue.add_failed(key)
            log.exception("A controller failed.", extra=self._details(key, delay=delay))
            return
        self._gates.close(key, result.written, self._by_resource)
        self._conclude(key, result)

    def _round(self, key: Key) -> Round | None:
        namespace, name = key
        obj = self._caches[self.controller.reconciles].get(name, namespace)
        now = self._clock.now()
        if obj is not None:
            self._missed.pop(key, None)
            return self.controller.reconcile(obj, View(self._caches, now, obj, self._memory))
        if self.controller.gone is None:
            return None
        since = self._missed.setdefault(key, now)
        return self.controller.gone(key, View(self._caches, now, None, self._memory, since))

    def _conclude(self, key: Key, result: Result) -> None:
        if result.error is None or namespace_is_going(result.error):
            self.queue.forget(key)
        else:
            self.failures += 1
            delay = self.queue.add_failed(key)
            # Somebody else wrote first, or was faster: the next round sees that and finds out what is left.
            usual = isinstance(result.error, (Conflict, NotFound, AlreadyExists))
            details = self._details(key, delay=delay, error=str(result.error))
            log.log(
                logging.DEBUG if usual else logging.WARNING,
                "A round ended early; it will be repeated.",
                extra=details,
            )
        if result.again is None and result.error is None:
            self._missed.pop(key, None)
        if result.again is not None:
            self.queue.add_after(key, result.again)

    def _details(self, key: Key, **more: object) -> dict[str, object]:
        return {"controller": self.controller.name, "object": "/".join(filter(None, key)), **more}

    # which objects a change concerns

    def _subscribe(self) -> list[Callable[[], None]]:
        controller = self.controller
        # The gates hear first, so that what a change queues finds them open.
        subscriptions = self._memory.watch(self._caches)
        subscriptions += [
            cache.subscribe(self._gatekeeper(cache), replay=False) for cache in self._caches.values()
        ]
        main = self._caches[controller.reconciles]
        subscriptions.append(main.subscribe(self._reconciled_changed))
        for kind in controller.owns:
            subscriptions += [self._caches[kind].subscribe(self._owned_changed, replay=False)]
        for watch in controller.watches:
            subscriptions += [self._caches[watch.kind].subscribe(self._watcher(watch))]
        return subscriptions

    def _gatekeeper(self, cache: Cache[Any]) -> Callable[[Sequence[Change[Any]]], None]:
        return lambda changes: self._gates.seen(cache.resource, cache.revision, changes)

    def _reconciled_changed(self, changes: Sequence[Change[Any]]) -> None:
        when = self.controller.when
        for change in changes:
            old, new = change
            if when is None or old is None or new is None or when(old, new):
                self.queue.add(key_of(change.object))

    def _owned_changed(self, changes: Sequence[Change[Any]]) -> None:
        for change in changes:
            old, new = change
            before = controller_of(old.metadata) if old is not None else None
            after = controller_of(new.metadata) if new is not None else None
            namespace = change.object.metadata.namespace
            if before is not None:
                self._add_owner(before, namespace)
            if after is not None:
                if before is None or before.uid != after.uid:
                    self._add_owner(after, namespace)
            elif new is not None and self._may_be_adopted(old, new, before is not None):
                self._add_adopters(new)

    def _add_owner(self, reference: Any, namespace: str) -> None:
        kind = self.controller.reconciles
        if reference.kind != kind.kind or reference.apiVersion != kind.apiVersion:
            return
        owner = self._caches[kind].get(reference.name, namespace)
        if owner is not None and owner.metadata.uid == reference.uid:
            self.queue.add(key_of(owner))

    def _may_be_adopted(self, old: Object | None, new: Object, released: bool) -> bool:
        if self.controller.selects is None or new.metadata.deletionTimestamp:
            return False
        return released or old is None or old.metadata.labels != new.metadata.labels

    def _add_adopters(self, orphan: Object) -> None:
        selects = self.controller.selects
        assert selects is not None
        for obj in self._caches[self.controller.reconciles].list(orphan.metadata.namespace):
            if selects(obj).matches(orphan.metadata.labels):
                self.queue.add(key_of(obj))

    def _watcher(self, watch: Watch) -> Callable[[Sequence[Change[Any]]], None]:
        def changed(changes: Sequence[Change[Any]]) -> None:
            view = View(self._caches, self._clock.now(), None, self._memory)
            for old, new in changes:
                if (
                    old is not None
                    and new is not None
                    and watch.when is not None
                    and not watch.when(old, new)
                ):
                    continue
                self._add_all(watch.to(each, view) for each in (old, new) if each is not None)

        return changed

    def _add_all(self, keys: Iterable[Iterable[Key]]) -> None:
        for each in keys:
            for key in each:
                self.queue.add(key)
