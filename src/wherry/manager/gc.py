"""Garbage collection: the shell: watches the metadata of everything, carries decisions out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, assert_never

import msgspec

from wherry.api.core.reference import ObjectReference
from wherry.api.registry import Resource
from wherry.client.cache import Cache, Caches, Change
from wherry.client.client import Client
from wherry.client.events import Recorder
from wherry.client.queue import KeyedQueue, QueueClosed
from wherry.controllers.garbagecollector import (
    Decision,
    Disown,
    Drop,
    Finish,
    Graph,
    Inquire,
    Place,
    Unblock,
    Warn,
    decide,
    invalid_namespace,
)
from wherry.machinery.errors import Conflict, NotFound, StatusError
from wherry.machinery.meta import Object, OwnerReference
from wherry.manager.resources import NEVER, Resources

log = logging.getLogger(__name__)

WORKERS = 10
SYNC_PATIENCE = 30.0  # seconds; a kind that this server does not have must not keep all others waiting
REMEMBERED = 500  # absent owners that are not asked for again

Absent = tuple[str, str]  # uid, namespace of the dependent


class GarbageCollector:
    """Deletes what nobody owns any more, and lets go what is being deleted with or without dependents."""

    def __init__(self, client: Client, caches: Caches, resources: Resources, recorder: Recorder) -> None:
        self.queue: KeyedQueue[Place] = KeyedQueue()
        self.deleted = 0
        self._client = client
        self._caches = caches
        self._resources = resources
        self._recorder = recorder
        self._graph = Graph()
        self._watched: dict[Resource, tuple[Cache[Object], Callable[[], None]]] = {}
        self._kinds: dict[tuple[str, str], Resource] = {}
        self._absent: OrderedDict[Absent, None] = OrderedDict()

    @property
    def is_idle(self) -> bool:
        return self.queue.is_idle

    async def run(self) -> None:
        await self._resources.synced()
        for resource in self._resources.all():
            self._watch(resource)
        unsubscribe = self._resources.subscribe(self._watch, self._unwatch)
        try:
            await self._synced()
            async with asyncio.TaskGroup() as group:
                for number in range(WORKERS):
                    group.create_task(self._work(), name=f"garbage collector {number}")
        finally:
            unsubscribe()
            for _, end in self._watched.values():
                end()
            self._watched.clear()
            self.queue.close()

    def stop(self) -> None:
        self.queue.close()

    async def _synced(self) -> None:
        try:
            async with asyncio.timeout(SYNC_PATIENCE):
                for cache, _ in tuple(self._watched.values()):
                    await cache.synced()
        except TimeoutError:
            late = [each.qualified for each, (cache, _) in self._watched.items() if not cache.is_synced]
            log.warning("Garbage collection begins without some resources.", extra={"resources": late})

    def _watch(self, resource: Resource) -> None:
        if resource in self._watched or (resource.group, resource.plural) in NEVER:
            return
        cache = self._caches.metadata(resource)
        self._kinds[resource.group, resource.kind] = resource

        def changed(changes: Sequence[Change[Object]]) -> None:
            for change in changes:
                meta = change.object.metadata
                place = Place(resource, meta.namespace, meta.name)
                for each in self._changed(place, change):
                    self.queue.add(each)

        self._watched[resource] = (cache, lambda: None)
        self._watched[resource] = (cache, cache.subscribe(changed))

    def _changed(self, place: Place, change: Change[Object]) -> Sequence[Place]:
        old, new = change
        if old is not None and new is not None and old.metadata.uid != new.metadata.uid:
            gone = self._graph.take(place, old, None, self)
            return [*gone, *self._graph.take(place, None, new, self)]
        return list(self._graph.take(place, old, new, self))

    def _unwatch(self, resource: Resource) -> None:
        """A kind is served no more: its objects are gone."""
        found = self._watched.pop(resource, None)
        if found is None:
            return
        cache, unsubscribe = found
        unsubscribe()
        for obj in cache.list():
            place = Place(resource, obj.metadata.namespace, obj.metadata.name)
            for each in self._graph.take(place, obj, None, self):
                self.queue.add(each)
        self._caches.drop(cache)
        self._kinds.pop((resource.group, resource.kind), None)

    # Sight

    def object(self, place: Place) -> Object | None:
        watched = self._watched.get(place.resource)
        return watched[0].get(place.name, place.namespace) if watched is not None else None

    def place_of(self, reference: OwnerReference, namespace: str) -> Place | None:
        resource = self._kinds.get((reference.apiVersion.rpartition("/")[0], reference.kind))
        if resource is None:
            return None
        return Place(resource, namespace if resource.namespaced else "", reference.name)

    def is_absent(self, reference: OwnerReference, namespace: str) -> bool:
        return (reference.uid, namespace) in self._absent

    # doing

    async def _work(self) -> None:
        while True:
            try:
                place = await self.queue.get()
            except QueueClosed:
                return
            try:
                await self._look_at(place)
                self.queue.forget(place)
            except (StatusError, OSError) as error:
                delay = self.queue.add_failed(place)
                if not isinstance(error, (Conflict, NotFound)):
                    details = {"object": "/".join(place[1:]), "error": str(error), "delay": delay}
                    log.warning(
                        "Garbage collection of an object failed; it will be tried again.", extra=details
                    )
            finally:
                self.queue.done(place)

    async def _look_at(self, place: Place) -> None:
        for decision in tuple(decide(place, self._graph, self)):
            if isinstance(decision, Place):
                self.queue.add(decision)
            else:
                await self._carry_out(decision)

    async def _carry_out(self, decision: Decision) -> None:
        match decision:
            case Drop(place, obj, propagation):
                await self._delete(place, obj, propagation)
            case Disown(place, obj, uids):
                kept = [each for each in obj.metadata.ownerReferences if each.uid not in uids]
                await self._patch(place, obj, ownerReferences=msgspec.to_builtins(kept))
            case Unblock(place, obj):
                freed = [
                    msgspec.structs.replace(each, blockOwnerDeletion=False)
                    for each in obj.metadata.ownerReferences
                ]
                await self._patch(place, obj, ownerReferences=msgspec.to_builtins(freed))
                self.queue.add(place)
            case Finish(place, obj, finalizer):
                kept_finalizers = [each for each in obj.metadata.finalizers if each != finalizer]
                await self._patch(place, obj, finalizers=kept_finalizers)
            case Inquire(place, reference):
                await self._inquire(place, reference)
            case Warn(place, obj, message):
                self._recorder.emit(_reference(place, obj), "Warning", "OwnerRefInvalidNamespace", message)
            case _:
                assert_never(decision)

    async def _delete(self, place: Place, obj: Object, propagation: str) -> None:
        try:
            await self._client.delete(
                place.resource,
                place.name,
                place.namespace,
                uid=obj.metadata.uid,
                revision=obj.metadata.resourceVersion,
                propagation=propagation,  # type: ignore[arg-type]  # one of three
            )
            self.deleted += 1
        except NotFound:
            pass  # gone already

    async def _patch(self, place: Place, obj: Object, **metadata: Any) -> None:
        """Only in the state in which it was seen: a Conflict makes us look again."""
        exact = {"uid": obj.metadata.uid, "resourceVersion": obj.metadata.resourceVersion}
        body = {"metadata": {**exact, **metadata}}
        with contextlib.suppress(NotFound):  # gone already
            await self._client.patch(place.resource, place.name, body, place.namespace)

    async def _inquire(self, place: Place, reference: OwnerReference) -> None:
        """Caches of different kinds are not in step: only the server knows that an owner is not there."""
        owner = self.place_of(reference, place.namespace)
        if owner is None:
            raise NotFound(f"no kind {reference.kind} in {reference.apiVersion}, which owns {place.name}")
        found = await self._client.find(owner.resource, owner.name, owner.namespace)
        if found is None or found.metadata.uid != reference.uid:
            self._absent[reference.uid, place.namespace] = None
            if len(self._absent) > REMEMBERED:
                self._absent.popitem(last=False)
            self._warn_elsewhere(place, reference)
            self.queue.add(place)
        elif self.object(owner) != found:
            raise Conflict(f"the owner {reference.name} is not in the cache yet")

    def _warn_elsewhere(self, place: Place, reference: OwnerReference) -> None:
        obj = self.object(place)
        owner = self.place_of(reference, place.namespace)
        if obj is None or owner is None or not owner.resource.namespaced:
            return
        cache = self._watched[owner.resource][0] if owner.resource in self._watched else ()
        if any(each.metadata.uid == reference.uid for each in cache):
            message = invalid_namespace(reference, place.namespace)
            self._recorder.emit(_reference(place, obj), "Warning", "OwnerRefInvalidNamespace", message)


def _reference(place: Place, obj: Object) -> ObjectReference:
    return ObjectReference(
        apiVersion=place.resource.apiVersion,
        kind=place.resource.kind,
        name=place.name,
        namespace=place.namespace,
        uid=obj.metadata.uid,
        resourceVersion=obj.metadata.resourceVersion,
    )
