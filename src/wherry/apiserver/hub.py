"""Hub: what the API server remembers of the store: the newest entry of every object, and recent changes.

One task reads the store's log; each change becomes one Entry and one Event, whoever listens. Watchers that
select the same objects in the same form share a Channel: its bytes are joined once per batch of changes
and handed to every sink as they are.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from sortedcontainers import SortedDict

from wherry.api.registry import Resource, by_plural
from wherry.apiserver.entry import Entry
from wherry.apiserver.selection import Selection
from wherry.machinery.errors import Expired, ServiceUnavailable
from wherry.store.interface import Change, Store

RING_EVENTS = 10_000  # recent changes kept per resource for watches that resume …
RING_BYTES = 8 << 20  # … but not more than these bytes
PREFIX = "/registry/"


class Event:
    """One change of one object: what it is now (or was last), and what it was before."""

    __slots__ = ("entry", "previous", "revision", "type")

    def __init__(self, type: str, entry: Entry, previous: Entry | None, revision: int) -> None:
        self.type = type  # ADDED, MODIFIED or DELETED
        self.entry = entry
        self.previous = previous
        self.revision = revision

    @property
    def size(self) -> int:
        return len(self.entry.stored) + (len(self.previous.stored) if self.previous else 0)


class Sink(Protocol):
    """Where a watcher's events go."""

    def send(self, events: Any) -> None:
        """What the channel's renderer made of a batch."""
        ...

    def stop(self) -> None:
        """The stream is over: the server stops, or its place in the log is lost."""
        ...


Renderer = Callable[[Sequence[Event]], Any]


class Channel:
    """All watchers with one selection and one form."""

    __slots__ = ("namespace", "predicate", "render", "sinks")

    def __init__(self, selection: Selection, render: Renderer) -> None:
        self.namespace = selection.namespace
        self.predicate = selection.predicate
        self.render = render
        self.sinks: dict[Sink, None] = {}  # in the order in which they joined

    def select(self, events: Sequence[Event]) -> Sequence[Event]:
        """The events as this selection sees them: what no longer matches is DELETED, what now does ADDED."""
        namespace, predicate = self.namespace, self.predicate
        if namespace:
            start = namespace + "/"
            events = [event for event in events if event.entry.key.startswith(start)]
        if predicate is None:
            return events
        return [seen for event in events if (seen := _seen(event, predicate)) is not None]


def _seen(event: Event, predicate: Callable[[Entry], bool]) -> Event | None:
    before = event.previous is not None and predicate(event.previous)
    if event.type == "DELETED":
        return event if before else None
    if predicate(event.entry):
        kind = "MODIFIED" if before else "ADDED"
        return event if event.type == kind else Event(kind, event.entry, event.previous, event.revision)
    if not before or event.previous is None:
        return None
    # The watcher gets the object as it was when it still matched, at the revision that took it away.
    gone = Entry(event.entry.resource, event.entry.key, event.previous.stored, event.revision)
    return Event("DELETED", gone, event.previous, event.revision)


class ResourceCache:
    """The newest entries of one resource in key order, its recent changes, and who watches them."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.entries: SortedDict[str, Entry] = SortedDict()
        self.channels: dict[tuple[Selection, str], Channel] = {}
        self.ring: deque[Event] = deque()
        self.ring_bytes = 0
        self.ring_start = 0  # changes up to this revision are no longer in the ring
        self.changes = 0  # how many there were: what is derived from the entries is stale when it has grown

    def get(self, key: str) -> Entry | None:
        entry: Entry | None = self.entries.get(key)
        return entry

    def select(self, selection: Selection) -> Iterator[Entry]:
        """Entries that a selection covers, in key order."""
        predicate = selection.predicate
        namespace = selection.namespace
        if namespace and (name := selection.name):
            found = self.entries.get(f"{namespace}/{name}")
            candidates: Iterator[Entry] = iter((found,) if found is not None else ())
        elif namespace:
            keys = self.entries.irange(namespace + "/", namespace + "0", inclusive=(True, False))
            candidates = map(self.entries.__getitem__, keys)
        else:
            candidates = iter(self.entries.values())
        return candidates if predicate is None else filter(predicate, candidates)

    def apply(self, change: Change, key: str) -> Event | None:
        self.changes += 1
        previous: Entry | None = self.entries.get(key)
        if change.value is None:
            if previous is None:
                return None
            del self.entries[key]
            # A deleted object is shown at the revision of its deletion.
            gone = Entry(self.resource, key, previous.stored, change.revision)
            event = Event("DELETED", gone, previous, change.revision)
        else:
            entry = Entry(self.resource, key, change.value, change.revision)
            self.entries[key] = entry
            event = Event("MODIFIED" if previous else "ADDED", entry, previous, change.revision)
        self.remember(event)
        return event

    def remember(self, event: Event) -> None:
        self.ring.append(event)
        self.ring_bytes += event.size
        while len(self.ring) > RING_EVENTS or (self.ring_bytes > RING_BYTES and len(self.ring) > 1):
            gone = self.ring.popleft()
            self.ring_bytes -= gone.size
            self.ring_start = gone.revision

    def since(self, revision: int) -> list[Event]:
        """Changes after `revision`. Expired where some are no longer known."""
        if revision < self.ring_start:
            raise Expired(f"too old resource version: {revision} ({self.ring_start})")
        recent: list[Event] = []
        for event in reversed(self.ring):
            if event.revision <= revision:
                break
            recent.append(event)
        recent.reverse()
        return recent

    def join(self, selection: Selection, form: str, render: Renderer, sink: Sink) -> None:
        """Let `sink` have every later change that `selection` covers, in `form`."""
        key = (selection, form)
        channel = self.channels.get(key)
        if channel is None:
            channel = self.channels[key] = Channel(selection, render)
        channel.sinks[sink] = None

    def leave(self, selection: Selection, form: str, sink: Sink) -> None:
        channel = self.channels.get((selection, form))
        if channel is not None:
            channel.sinks.pop(sink, None)
            if not channel.sinks:
                del self.channels[selection, form]

    def deliver(self, events: Sequence[Event]) -> None:
        for channel in list(self.channels.values()):
            selected = channel.select(events)
            if selected:
                joined = channel.render(selected)
                for sink in list(channel.sinks):
                    sink.send(joined)

    def stop(self) -> None:
        for channel in list(self.channels.values()):
            for sink in list(channel.sinks):
                sink.stop()


class Hub:
    """Every resource's cache, fed from the store's log by one task."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.revision = 0
        self._caches: dict[tuple[str, str], ResourceCache] = {}
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._failure: BaseException | None = None

    def cache(self, resource: Resource) -> ResourceCache:
        """The cache of the resource in the version in which it is stored."""
        key = (resource.group, resource.plural)
        if resource.stored[1]:
            key = (resource.stored[0], resource.plural)
        cache = self._caches.get(key)
        if cache is None:
            cache = self._caches[key] = ResourceCache(stored_resource(resource))
            cache.ring_start = self.revision
        return cache

    def caches(self) -> Sequence[ResourceCache]:
        return list(self._caches.values())

    async def load(self) -> None:
        """Read what is stored. Call once, before `follow`."""
        entries, revision = await self.store.range(PREFIX)
        for entry in entries:
            found = self.locate(entry.key)
            if found is not None:
                cache, key = found
                cache.entries[key] = Entry(cache.resource, key, entry.value, entry.revision)
        self.revision = revision
        for cache in self._caches.values():
            cache.ring_start = revision

    async def follow(self) -> None:
        """Take over every change, for as long as the server runs."""
        try:
            async for batch in self.store.watch(PREFIX, since=self.revision):
                self.take(batch)
        except asyncio.CancelledError:
            raise
        except BaseException as failure:
            # Without the log this server would answer from the past: it stops answering instead.
            self._failure = failure
            raise
        finally:
            for cache in self._caches.values():
                cache.stop()
            self._release(None)

    def take(self, batch: Sequence[Change]) -> None:
        events: dict[ResourceCache, list[Event]] = {}
        for change in batch:
            found = self.locate(change.key)
            if found is not None:
                cache, key = found
                event = cache.apply(change, key)
                if event is not None:
                    events.setdefault(cache, []).append(event)
        self.revision = batch[-1].revision
        for cache, changed in events.items():
            if cache.channels:
                cache.deliver(changed)
        if self._waiters:
            self._release(self.revision)

    def locate(self, key: str) -> tuple[ResourceCache, str] | None:
        """`/registry/apps/deployments/default/web` -> the cache of Deployments, `default/web`."""
        _, _, group, plural, rest = key.split("/", 4)
        group = "" if group == "core" else group
        cache = self._caches.get((group, plural))
        if cache is None:
            resource = storage_resource(group, plural)
            if resource is None:
                return None
            cache = self.cache(resource)
        return cache, rest

    async def wait(self, revision: int) -> None:
        """Return once the cache has seen `revision`."""
        if self.revision >= revision:
            return
        if self._failure is not None:
            raise ServiceUnavailable(f"the store's log cannot be read: {self._failure}; restart the server")
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append((revision, waiter))
        await waiter

    def _release(self, revision: int | None) -> None:
        left = []
        for wanted, waiter in self._waiters:
            if waiter.done():
                continue
            if revision is None:
                waiter.set_exception(ServiceUnavailable("the server is shutting down"))
            elif wanted <= revision:
                waiter.set_result(None)
            else:
                left.append((wanted, waiter))
        self._waiters = left


def stored_resource(resource: Resource) -> Resource:
    """The resource in the version in which its objects are kept."""
    group, version = resource.stored
    if not version:
        return resource
    found = by_plural(group, version, resource.plural)
    assert found is not None, f"{resource.qualified} is stored as {group}/{version}, which is not served"
    return found


def storage_resource(group: str, plural: str) -> Resource | None:
    """The stored resource of a key's group and plural."""
    from wherry.api.registry import all_resources  # a table that start-up has loaded by now

    for resource in all_resources():
        if resource.group == group and resource.plural == plural and not resource.stored[1]:
            return resource
    return None


def store_key(resource: Resource, key: str) -> str:
    return f"{PREFIX}{resource.group or 'core'}/{resource.plural}/{key}"
