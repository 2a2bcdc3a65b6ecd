"""Namespaces: the namespace controller's shell: looks into terminating namespaces and empties them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from wherry.api.core.namespace import Namespace
from wherry.api.core.pod import Pod
from wherry.api.registry import Resource
from wherry.client.cache import Caches, Change
from wherry.client.client import Client
from wherry.client.queue import KeyedQueue, QueueClosed
from wherry.controllers.namespace import (
    Found,
    finalized,
    in_order,
    is_to_be_emptied,
    with_findings,
)
from wherry.machinery.clock import Clock
from wherry.machinery.errors import MethodNotAllowed, NotFound, StatusError
from wherry.machinery.meta import Object
from wherry.manager.resources import Resources

log = logging.getLogger(__name__)

WORKERS = 10
WAIT = 5.0  # seconds until content that does not go away is looked at again, though nothing told of it


class NamespaceDeleter:
    """Empties namespaces that are being deleted. The end of a Pod in one makes it look again at once."""

    def __init__(self, client: Client, caches: Caches, resources: Resources, clock: Clock) -> None:
        self.queue: KeyedQueue[str] = KeyedQueue()
        self._client = client
        self._clock = clock
        self._resources = resources
        self._namespaces = caches.of(Namespace)
        self._pods = caches.of(Pod)

    @property
    def is_idle(self) -> bool:
        return self.queue.is_idle

    async def run(self) -> None:
        await self._resources.synced()
        await self._namespaces.synced()
        ends = (
            self._namespaces.subscribe(self._namespace_changed),
            self._pods.subscribe(self._pod_changed, replay=False),
        )
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(WORKERS):
                    group.create_task(self._work(), name=f"namespace controller {number}")
        finally:
            for end in ends:
                end()
            self.queue.close()

    def stop(self) -> None:
        self.queue.close()

    def _namespace_changed(self, changes: Sequence[Change[Namespace]]) -> None:
        for _, new in changes:
            if new is not None and is_to_be_emptied(new):
                self.queue.add(new.metadata.name)

    def _pod_changed(self, changes: Sequence[Change[Pod]]) -> None:
        for change in changes:
            if change.new is None:
                name = change.object.metadata.namespace
                namespace = self._namespaces.get(name)
                if namespace is not None and is_to_be_emptied(namespace):
                    self.queue.add(name)

    async def _work(self) -> None:
        while True:
            try:
                name = await self.queue.get()
            except QueueClosed:
                return
            try:
                await self._empty(name)
                self.queue.forget(name)
            except (StatusError, OSError) as error:
                delay = self.queue.add_failed(name)
                details = {"namespace": name, "error": str(error), "delay": delay}
                log.info("Emptying a namespace was interrupted; it will be continued.", extra=details)
            finally:
                self.queue.done(name)

    async def _empty(self, name: str) -> None:
        # Asked for, not looked up: a write in the namespace may have come after what the cache shows.
        namespace = await self._client.find(Namespace, name)
        if namespace is None or not is_to_be_emptied(namespace):
            return
        found = await self._delete_content(name)
        changed = with_findings(namespace, found, self._clock.now())
        if changed is not namespace:
            changed = await self._client.update_status(changed)
        if found.is_empty:
            await self._client.update(finalized(changed), subresource="finalize")
        else:
            self.queue.add_after(name, WAIT)

    async def _delete_content(self, name: str) -> Found:
        """Pods first and alone, because they use the rest; once there are none, everything else."""
        pods, others = in_order(self._resources.all())
        found = await self._delete_all(pods, name)
        return await self._delete_all(others, name) if found.is_empty else found

    async def _delete_all(self, resources: Iterable[Resource], name: str) -> Found:
        remaining: dict[Resource, Sequence[Object]] = {}
        failures: list[str] = []
        for resource in resources:
            try:
                if left := await self._clear(resource, name):
                    remaining[resource] = left
            except (NotFound, MethodNotAllowed):
                continue  # this server does not have it
            except StatusError as error:
                failures.append(str(error))
        return Found(remaining, tuple(failures))

    async def _clear(self, resource: Resource, namespace: str) -> list[Object]:
        """Delete all objects of a resource; those that are still there after that."""
        if not await self._client.list(resource, namespace):
            return []
        await self._client.delete_all(resource, namespace, propagation="Background")
        return await self._client.list(resource, namespace)
