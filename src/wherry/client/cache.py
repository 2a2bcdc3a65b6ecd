"""Cache: what the API server holds of a kind, kept up to date by one watch for everybody in the process.

    caches = Caches(transport, clock)            # one a process
    pods = caches.of(Pod)                        # the same object for all who ask
    pods.subscribe(on_changes)                   # batches of Change(old, new)
    async with asyncio.TaskGroup() as group:
        group.create_task(caches.run())
        await pods.synced()

Objects are frozen and shared. What a subscriber is told and what the cache holds agree: it is called
after the cache has taken in the whole batch.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from wherry.api.registry import Resource, resource_for
from wherry.client.transport import Event, Transport
from wherry.machinery.clock import Clock
from wherry.machinery.errors import StatusError
from wherry.machinery.meta import Object
from wherry.machinery.ownership import controller_of
from wherry.machinery.selectors import Selector

log = logging.getLogger(__name__)

ObjectT = TypeVar("ObjectT", bound=Object)

Key = tuple[str, str]
"""Namespace ("" for kinds without) and name."""

CONTROLLER = "controller"
"""Index by the controlling owner's uid; objects without one are found under `orphans_of(namespace)`."""

TOO_LARGE = "ResourceVersionTooLarge"

SHORTEST_WAIT, LONGEST_WAIT = 0.8, 30.0  # seconds between attempts to watch, as upstream's reflector


class Change(NamedTuple, Generic[ObjectT]):
    """One difference: old None for what is new, new None for what is gone."""

    old: ObjectT | None
    new: ObjectT | None

    @property
    def object(self) -> ObjectT:
        """What it is about: the new state, or the last one of what is gone."""
        found = self.new if self.new is not None else self.old
        assert found is not None
        return found


Index = Callable[[ObjectT], Iterable[str]]
Subscriber = Callable[[Sequence[Change[ObjectT]]], None]
Changes = list[Change[Any]]


def key_of(obj: Object) -> Key:
    return (obj.metadata.namespace, obj.metadata.name)


def orphans_of(namespace: str) -> str:
    """The value under which the CONTROLLER index keeps objects that have no controller."""
    return f"/{namespace}"


def by_controller(obj: Object) -> tuple[str]:
    owner = controller_of(obj.metadata)
    return (owner.uid if owner is not None else orphans_of(obj.metadata.namespace),)


class Cache(Generic[ObjectT]):
    """The objects of one kind, with what it takes to find them."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.revision = 0
        """How far the cache has come: every write up to this resourceVersion is in it."""
        self._objects: dict[str, dict[str, ObjectT]] = {}
        self._indices: dict[str, tuple[Index[ObjectT], dict[str, dict[Key, ObjectT]]]] = {}
        self._subscribers: tuple[Subscriber[ObjectT], ...] = ()
        self._synced = asyncio.Event()
        self._listing: set[Key] | None = None  # keys met since a watch began anew, until it is synced

    # reading

    @property
    def is_synced(self) -> bool:
        return self._synced.is_set()

    @property
    def is_listing(self) -> bool:
        """Whether everything is coming anew and has not all come yet."""
        return self._listing is not None

    async def synced(self) -> None:
        """Wait until everything that was there when the watch began has been taken in."""
        await self._synced.wait()

    def get(self, name: str, namespace: str = "") -> ObjectT | None:
        objects = self._objects.get(namespace)
        return objects.get(name) if objects is not None else None

    def list(self, namespace: str | None = None, selector: Selector | None = None) -> list[ObjectT]:
        """Objects in one namespace, or in all, whose labels match."""
        if namespace is None:
            found = [obj for objects in self._objects.values() for obj in objects.values()]
        else:
            found = list(self._objects.get(namespace, {}).values())
        if selector is None or selector.matches_everything:
            return found
        return [obj for obj in found if selector.matches(obj.metadata.labels)]

    def __iter__(self) -> Iterator[ObjectT]:
        return iter(self.list())

    def __len__(self) -> int:
        return sum(map(len, self._objects.values()))

    def index(self, name: str, function: Index[ObjectT]) -> None:
        """Keep an index: `function` says under which values an object is found. Once for each name."""
        if name in self._indices:
            return
        self._indices[name] = (function, {})
        for obj in self.list():
            self._note(name, obj)

    def find(self, index: str, value: str) -> Sequence[ObjectT]:
        """The objects that an index keeps under `value`."""
        return tuple(self._indices[index][1].get(value, {}).values())

    # being told

    def subscribe(self, subscriber: Subscriber[ObjectT], *, replay: bool = True) -> Callable[[], None]:
        """Call `subscriber` with every batch of changes; first, now, with what is there (`replay`).

        Returns what ends it. A subscriber must not raise and must not wait: it puts keys in a queue.
        """
        if replay and (present := self.list()):
            subscriber([Change(None, obj) for obj in present])
        self._subscribers += (subscriber,)

        def unsubscribe() -> None:
            self._subscribers = tuple(each for each in self._subscribers if each is not subscriber)

        return unsubscribe

    # taking in: for whoever feeds the cache

    def restart(self) -> None:
        """What follows is everything anew: whatever is not among it by SYNCED is gone."""
        self._listing = set()

    def take(self, events: Iterable[Event]) -> None:
        """Take in one batch and tell subscribers what is different now."""
        changes: Changes = []
        synced = False
        for event in events:
            if event.type == "DELETED":
                self._remove(key_of(event.object), changes, last=event.object)
            elif event.object is not None:
                self._store(event.object, changes)
            elif event.type == "SYNCED":
                self._sweep(changes)
                synced = True
            self._advance(event.revision)
        if changes or synced:
            for subscriber in self._subscribers:
                subscriber(changes)
        if synced:
            self._synced.set()

    def _advance(self, revision: str) -> None:
        # While everything comes anew, in whatever order, nothing is certain until SYNCED.
        if self._listing is None and revision:
            self.revision = max(self.revision, int(revision))

    def _store(self, obj: ObjectT, changes: Changes) -> None:
        namespace, name = obj.metadata.namespace, obj.metadata.name
        objects = self._objects.setdefault(namespace, {})
        old = objects.get(name)
        if self._listing is not None:
            self._listing.add((namespace, name))
            if old is not None and _identity(old) == _identity(obj):
                return
        objects[name] = obj
        for index in self._indices:
            self._reindex(index, old, obj)
        changes.append(Change(old, obj))

    def _remove(self, key: Key, changes: Changes, last: ObjectT | None = None) -> None:
        namespace, name = key
        objects = self._objects.get(namespace, {})
        old = objects.pop(name, None)
        if old is None:
            return
        if not objects:
            del self._objects[namespace]
        for index in self._indices:
            self._forget(index, old)
        changes.append(Change(last if last is not None else old, None))

    def _sweep(self, changes: Changes) -> None:
        if self._listing is None:
            return
        met, self._listing = self._listing, None
        self.revision = 0  # a server that lost its history counts from less than it did
        gone = [key_of(obj) for obj in self.list() if key_of(obj) not in met]
        for key in gone:
            self._remove(key, changes)

    def _note(self, index: str, obj: ObjectT) -> None:
        function, table = self._indices[index]
        for value in function(obj):
            table.setdefault(value, {})[key_of(obj)] = obj

    def _forget(self, index: str, obj: ObjectT) -> None:
        function, table = self._indices[index]
        for value in function(obj):
            entries = table.get(value)
            if entries is not None:
                entries.pop(key_of(obj), None)
                if not entries:
                    del table[value]

    def _reindex(self, index: str, old: ObjectT | None, new: ObjectT) -> None:
        if old is not None:
            function, _ = self._indices[index]
            stays = set(function(new))
            if any(value not in stays for value in function(old)):
                self._forget(index, old)
        self._note(index, new)


class _Scope(NamedTuple):
    """Which part of a resource a cache holds."""

    resource: Resource
    namespace: str
    labelSelector: str
    fieldSelector: str
    metadata: bool


class Caches:
    """All caches of a process: one for each resource and scope, each fed by one watch."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._caches: dict[_Scope, Cache[Any]] = {}
        self._tasks: dict[_Scope, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._reached = asyncio.Event()  # set for a moment when a watch comes to stand

    def of(
        self,
        kind: type[ObjectT],
        *,
        namespace: str = "",
        labelSelector: str = "",
        fieldSelector: str = "",
    ) -> Cache[ObjectT]:
        """The cache of a kind, started if nobody has asked for it before."""
        return self._cache(_Scope(resource_for(kind), namespace, labelSelector, fieldSelector, False))

    def metadata(self, resource: Resource) -> Cache[Object]:
        """A cache of which only the objects' metadata counts; that of the kind itself if there is one."""
        whole = self._caches.get(_Scope(resource, "", "", "", False))
        return whole if whole is not None else self._cache(_Scope(resource, "", "", "", True))

    def drop(self, cache: Cache[Any]) -> None:
        """Stop a cache: of a kind that is not served any more."""
        for scope in [scope for scope, each in self._caches.items() if each is cache]:
            del self._caches[scope]
            if task := self._tasks.pop(scope, None):
                task.cancel()

    async def synced(self) -> None:
        """Wait for all caches asked for so far."""
        for cache in tuple(self._caches.values()):
            await cache.synced()

    async def run(self) -> None:
        """Keep all caches up to date, until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for scope in self._caches:
                    self._start(scope)
                await asyncio.get_running_loop().create_future()  # until cancelled
            finally:
                self._group = None
                self._tasks.clear()

    def _cache(self, scope: _Scope) -> Cache[Any]:
        cache = self._caches.get(scope)
        if cache is None:
            cache = self._caches[scope] = Cache(scope.resource)
            self._start(scope)
        return cache

    def _start(self, scope: _Scope) -> None:
        if self._group is not None:
            self._tasks[scope] = self._group.create_task(
                self._feed(scope, self._caches[scope]), name=f"cache {scope.resource.qualified}"
            )

    async def _feed(self, scope: _Scope, cache: Cache[Any]) -> None:
        """Watch, again and again: from where it stood, or from nothing if the server says so."""
        wait = SHORTEST_WAIT
        since = ""
        while True:
            began = self._clock.monotonic()
            away = reached = False
            try:
                if not since:
                    cache.restart()
                async for events in self._watch(scope, since):
                    cache.take(events)
                    since = "" if cache.is_listing else str(cache.revision)
                    if since and not reached:
                        reached, wait = True, SHORTEST_WAIT
                        self._tell_reached()
                if self._clock.monotonic() - began > SHORTEST_WAIT:
                    continue  # servers end watches after some minutes
            except StatusError as error:
                _note_trouble(scope, error)
                if _is_lost(error):
                    anew, since = not since, ""
                    if not anew:
                        continue  # that the place is lost says nothing against beginning anew
            except (OSError, msgspec.MsgspecError) as error:
                away = isinstance(error, OSError)
                _note_trouble(scope, error)
            if self._clock.monotonic() - began > LONGEST_WAIT:
                wait = SHORTEST_WAIT
            await self._rest(wait * (1 + self._clock.random()), away=away)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _rest(self, seconds: float, *, away: bool) -> None:
        """Wait; where the server was away, no longer than until any cache reaches it again.

        Caches that come back at different times show their readers a world that never was.
        """
        if not away:
            await asyncio.sleep(seconds)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._reached.wait()

    def _tell_reached(self) -> None:
        self._reached.set()
        self._reached.clear()

    def _watch(self, scope: _Scope, since: str) -> Any:
        return self._transport.watch(
            scope.resource,
            namespace=scope.namespace,
            labelSelector=scope.labelSelector,
            fieldSelector=scope.fieldSelector,
            since=since,
            metadata=scope.metadata,
        )


def _identity(obj: Object) -> tuple[str, str]:
    return (obj.metadata.uid, obj.metadata.resourceVersion)


def _is_lost(error: StatusError) -> bool:
    """The place in the log is gone: compacted, or the server has another log than it had."""
    return error.code == 410 or any(cause.reason == TOO_LARGE for cause in error.causes)


def _note_trouble(scope: _Scope, error: Exception) -> None:
    details: Mapping[str, Any] = {"resource": scope.resource.qualified, "error": str(error)}
    log.info("A watch ended and will be started again.", extra=details)
