"""Objects: the ConfigMaps, Secrets and tokens that the node's pods refer to, and no others.

A ConfigMap or Secret that a running pod mounts is watched by its name: that is what the Node authorizer
allows, and one watch serves all pods that use it. Everything else is asked for when it is needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from wherry.api.authentication.tokenrequest import TokenRequest
from wherry.api.core.configmap import ConfigMap
from wherry.api.core.persistentvolume import PersistentVolume
from wherry.api.core.persistentvolumeclaim import PersistentVolumeClaim
from wherry.api.core.pod import Pod
from wherry.api.core.secret import Secret
from wherry.client.cache import Cache, Caches
from wherry.client.client import Client
from wherry.machinery.clock import Clock
from wherry.node.volumes.sources import renewal

FIRST_ANSWER = 1.0  # seconds for a new watch to deliver, before the object is asked for directly

SourceT = TypeVar("SourceT", ConfigMap, Secret)
Reference = tuple[type[ConfigMap | Secret], str, str]  # kind, namespace, name


class ApiObjects:
    """`Objects` for volumes and environments, over the API."""

    def __init__(
        self, client: Client, caches: Caches, clock: Clock, on_change: Callable[[str], None]
    ) -> None:
        self._client = client
        self._caches = caches
        self._clock = clock
        self._on_change = on_change  # told the uid of every pod that uses what has changed
        self._held: dict[Reference, Cache[Any]] = {}
        self._users: dict[Reference, set[str]] = {}
        self._tokens: dict[tuple[str, ...], tuple[TokenRequest, datetime]] = {}

    async def configmap(self, namespace: str, name: str) -> ConfigMap | None:
        return await self._get(ConfigMap, namespace, name)

    async def secret(self, namespace: str, name: str) -> Secret | None:
        return await self._get(Secret, namespace, name)

    async def claim(self, namespace: str, name: str) -> PersistentVolumeClaim | None:
        return await self._client.find(PersistentVolumeClaim, name, namespace)

    async def volume(self, name: str) -> PersistentVolume | None:
        return await self._client.find(PersistentVolume, name)

    async def _get(self, kind: type[SourceT], namespace: str, name: str) -> SourceT | None:
        cache: Cache[SourceT] | None = self._held.get((kind, namespace, name))
        if cache is not None:
            try:
                async with asyncio.timeout(FIRST_ANSWER):
                    await cache.synced()
                return cache.get(name, namespace)
            except TimeoutError:
                pass  # refused, or slow: the direct answer says which
        return await self._client.find(kind, name, namespace)

    async def token(self, account: str, namespace: str, request: TokenRequest) -> TokenRequest:
        """A token that is good for a while; the same one until it is due for renewal."""
        bound = request.spec.boundObjectRef
        key = (
            bound.uid if bound else "",
            namespace,
            account,
            str(request.spec.expirationSeconds),
            *request.spec.audiences,
        )
        now = self._clock.now()
        kept = self._tokens.get(key)
        if kept is not None and now < kept[1]:
            return kept[0]
        answer = await self._client.token(account, namespace, request)
        due = renewal(now, answer.status.expirationTimestamp)
        if due is not None:
            self._tokens[key] = (answer, due)
        return answer

    def hold(self, pod: Pod) -> None:
        """Watch what the pod's volumes are made of."""
        for reference in mounted_references(pod):
            if reference not in self._held:
                self._held[reference] = self._watch(reference)
            self._users.setdefault(reference, set()).add(pod.metadata.uid)

    def _watch(self, reference: Reference) -> Cache[Any]:
        kind, namespace, name = reference
        cache: Cache[Any] = self._caches.of(kind, namespace=namespace, fieldSelector=f"metadata.name={name}")

        def tell(_: object) -> None:
            for uid in self._users.get(reference, ()):
                self._on_change(uid)

        cache.subscribe(tell)
        return cache

    def release(self, uid: str) -> None:
        """The pod is gone: end the watches that only it needed, forget its tokens."""
        for reference, users in list(self._users.items()):
            users.discard(uid)
            if not users:
                del self._users[reference]
                self._caches.drop(self._held.pop(reference))
        self._tokens = {key: value for key, value in self._tokens.items() if key[0] != uid}


def mounted_references(pod: Pod) -> set[Reference]:
    """The ConfigMaps and Secrets that the pod's volumes show."""
    names: set[tuple[type[ConfigMap | Secret], str]] = set()
    for volume in pod.spec.volumes:
        if volume.configMap:
            names.add((ConfigMap, volume.configMap.name))
        if volume.secret:
            names.add((Secret, volume.secret.secretName))
        for source in volume.projected.sources if volume.projected else ():
            if source.configMap:
                names.add((ConfigMap, source.configMap.name))
            if source.secret:
                names.add((Secret, source.secret.name))
    return {(kind, pod.metadata.namespace, name) for kind, name in names if name}
