"""Client: the API's verbs on typed objects, over any transport."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal, TypeVar, overload

import msgspec

from wherry.api.authentication.tokenrequest import TokenRequest
from wherry.api.autoscaling.scale import Scale
from wherry.api.core.pod import Pod
from wherry.api.core.serviceaccount import ServiceAccount
from wherry.api.registry import Resource, resource_for
from wherry.client.codec import decode, decode_list, encode, is_status
from wherry.client.transport import JSON, PATCH_TYPES, Event, Transport
from wherry.machinery.errors import NotFound
from wherry.machinery.meta import Object

ObjectT = TypeVar("ObjectT", bound=Object)

PatchType = Literal["merge", "strategic", "json", "apply"]
Propagation = Literal["", "Background", "Foreground", "Orphan"]


class Client:
    """Every method raises the StatusError (`wherry.machinery.errors`) that the server answers with.

    Where a kind is asked for, a Resource does as well: then the answer is a bare `Object`, its metadata
    only. That is how kinds without a class are handled.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def close(self) -> None:
        await self.transport.close()

    async def create(self, obj: ObjectT, *, dry_run: bool = False, field_manager: str = "") -> ObjectT:
        answer = await self.transport.call(
            "create",
            resource_for(type(obj)),
            namespace=obj.metadata.namespace,
            body=encode(obj),
            params=_params(dry_run, field_manager),
        )
        return decode(answer, type(obj))

    @overload
    async def get(self, kind: type[ObjectT], name: str, namespace: str = "") -> ObjectT: ...
    @overload
    async def get(self, kind: Resource, name: str, namespace: str = "") -> Object: ...
    async def get(self, kind: Any, name: str, namespace: str = "") -> Any:
        resource, type_ = _both(kind)
        return decode(await self.transport.call("get", resource, namespace=namespace, name=name), type_)

    @overload
    async def find(self, kind: type[ObjectT], name: str, namespace: str = "") -> ObjectT | None: ...
    @overload
    async def find(self, kind: Resource, name: str, namespace: str = "") -> Object | None: ...
    async def find(self, kind: Any, name: str, namespace: str = "") -> Any:
        """The object, or None where there is none."""
        try:
            return await self.get(kind, name, namespace)
        except NotFound:
            return None

    @overload
    async def list(
        self,
        kind: type[ObjectT],
        namespace: str = "",
        *,
        labelSelector: str = "",
        fieldSelector: str = "",
        page: int = 0,
    ) -> builtins.list[ObjectT]: ...
    @overload
    async def list(
        self,
        kind: Resource,
        namespace: str = "",
        *,
        labelSelector: str = "",
        fieldSelector: str = "",
        page: int = 0,
    ) -> builtins.list[Object]: ...
    async def list(
        self,
        kind: Any,
        namespace: str = "",
        *,
        labelSelector: str = "",
        fieldSelector: str = "",
        page: int = 0,
    ) -> builtins.list[Any]:
        """All objects that match; asked for `page` at a time if that is not 0."""
        resource, type_ = _both(kind)
        params = _selectors(labelSelector, fieldSelector)
        if page:
            params["limit"] = str(page)
        found: builtins.list[Any] = []
        while True:
            answer = decode_list(
                await self.transport.call("list", resource, namespace=namespace, params=params)
            )
            found += [decode(item, type_) for item in answer.items or ()]
            if not answer.metadata.continue_:
                return found
            params["continue"] = answer.metadata.continue_

    def watch(
        self,
        kind: type[Object] | Resource,
        namespace: str = "",
        *,
        labelSelector: str = "",
        fieldSelector: str = "",
        since: str = "",
    ) -> AsyncIterator[Sequence[Event]]:
        """One stream, until it breaks (`Transport.watch`). What shall stay is a `wherry.client.cache`."""
        return self.transport.watch(
            _both(kind)[0],
            namespace=namespace,
            labelSelector=labelSelector,
            fieldSelector=fieldSelector,
            since=since,
            metadata=isinstance(kind, Resource),
        )

    async def update(
        self, obj: ObjectT, *, subresource: str = "", dry_run: bool = False, field_manager: str = ""
    ) -> ObjectT:
        """PUT: Conflict if `obj` carries a resourceVersion that is not the newest."""
        answer = await self.transport.call(
            "update",
            resource_for(type(obj)),
            namespace=obj.metadata.namespace,
            name=obj.metadata.name,
            subresource=subresource,
            body=encode(obj),
            params=_params(dry_run, field_manager),
        )
        return decode(answer, type(obj))

    async def update_status(self, obj: ObjectT) -> ObjectT:
        return await self.update(obj, subresource="status")

    @overload
    async def patch(
        self,
        kind: type[ObjectT],
        name: str,
        body: Any,
        namespace: str = "",
        *,
        type: PatchType = "merge",
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "",
        force: bool = False,
    ) -> ObjectT: ...
    @overload
    async def patch(
        self,
        kind: Resource,
        name: str,
        body: Any,
        namespace: str = "",
        *,
        type: PatchType = "merge",
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "",
        force: bool = False,
    ) -> Object: ...
    async def patch(
        self,
        kind: Any,
        name: str,
        body: Any,
        namespace: str = "",
        *,
        type: PatchType = "merge",
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "",
        force: bool = False,
    ) -> Any:
        """`body` is the patch as a JSON tree, or as bytes. `force` is for "apply": take over fields."""
        resource, type_ = _both(kind)
        params = _params(dry_run, field_manager)
        if force:
            params["force"] = "true"
        answer = await self.transport.call(
            "patch",
            resource,
            namespace=namespace,
            name=name,
            subresource=subresource,
            body=body if isinstance(body, bytes) else msgspec.json.encode(body),
            content_type=PATCH_TYPES[type],
            params=params,
        )
        return decode(answer, type_)

    async def delete(
        self,
        target: Object | type[Object] | Resource,
        name: str = "",
        namespace: str = "",
        *,
        uid: str = "",
        revision: str = "",
        grace: int | None = None,
        propagation: Propagation = "",
    ) -> Any:
        """Delete an object, given itself or by kind and name.

        `uid` and `revision` are preconditions (Conflict if they do not hold); an object given itself is
        deleted only if it is still the one with that uid. Returns what the server answers with: the
        object where it lives on for a while (deletionTimestamp), None where only success is told.
        """
        if isinstance(target, Object):
            resource, type_ = _both(type(target))
            name, namespace = target.metadata.name, target.metadata.namespace
            uid = uid or target.metadata.uid
        else:
            resource, type_ = _both(target)
        answer = await self.transport.call(
            "delete",
            resource,
            namespace=namespace,
            name=name,
            body=_delete_options(uid, revision, grace, propagation),
        )
        return None if is_status(answer) else decode(answer, type_)

    async def delete_all(
        self,
        kind: type[Object] | Resource,
        namespace: str = "",
        *,
        labelSelector: str = "",
        fieldSelector: str = "",
        grace: int | None = None,
        propagation: Propagation = "",
    ) -> None:
        """deletecollection: everything that matches."""
        await self.transport.call(
            "deletecollection",
            _both(kind)[0],
            namespace=namespace,
            body=_delete_options("", "", grace, propagation),
            params=_selectors(labelSelector, fieldSelector),
        )

    async def bind(self, pod: Pod, node: str) -> None:
        """Give an unscheduled Pod its node."""
        metadata = {
            "name": pod.metadata.name,
            "namespace": pod.metadata.namespace,
            "uid": pod.metadata.uid,
        }
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {key: value for key, value in metadata.items() if value},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        await self._post(pod, "binding", body)

    async def evict(self, pod: Pod, *, grace: int | None = None) -> None:
        """Delete a Pod if its PodDisruptionBudget allows it; TooManyRequests if not now."""
        body: dict[str, Any] = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod.metadata.name, "namespace": pod.metadata.namespace},
        }
        if grace is not None:
            body["deleteOptions"] = {"gracePeriodSeconds": grace}
        await self._post(pod, "eviction", body)

    async def _post(self, pod: Pod, subresource: str, body: Mapping[str, Any]) -> None:
        await self.transport.call(
            "create",
            resource_for(Pod),
            namespace=pod.metadata.namespace,
            name=pod.metadata.name,
            subresource=subresource,
            body=msgspec.json.encode(body),
        )

    async def token(
        self, account: str, namespace: str, request: TokenRequest = TokenRequest()
    ) -> TokenRequest:
        """A token for a ServiceAccount; the answer's status holds it and when it ends."""
        answer = await self.transport.call(
            "create",
            resource_for(ServiceAccount),
            namespace=namespace,
            name=account,
            subresource="token",
            body=encode(request),
        )
        return decode(answer, TokenRequest)

    async def scale(
        self, kind: type[Object] | Resource, name: str, namespace: str = "", *, replicas: int | None = None
    ) -> Scale:
        """The Scale of a Deployment, ReplicaSet …; with `replicas`, after setting that."""
        resource = _both(kind)[0]
        if replicas is None:
            answer = await self.transport.call(
                "get", resource, namespace=namespace, name=name, subresource="scale"
            )
        else:
            answer = await self.transport.call(
                "patch",
                resource,
                namespace=namespace,
                name=name,
                subresource="scale",
                body=msgspec.json.encode({"spec": {"replicas": replicas}}),
                content_type=PATCH_TYPES["merge"],
            )
        return decode(answer, Scale)


def _both(kind: type[Object] | Resource) -> tuple[Resource, type[Object]]:
    return (kind, Object) if isinstance(kind, Resource) else (resource_for(kind), kind)


def _params(dry_run: bool, field_manager: str) -> dict[str, str]:
    params: dict[str, str] = {}
    if dry_run:
        params["dryRun"] = "All"
    if field_manager:
        params["fieldManager"] = field_manager
    return params


def _selectors(labelSelector: str, fieldSelector: str) -> dict[str, str]:
    pairs = {"labelSelector": labelSelector, "fieldSelector": fieldSelector}
    return {key: value for key, value in pairs.items() if value}


def _delete_options(uid: str, revision: str, grace: int | None, propagation: str) -> bytes:
    options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions"}
    preconditions = {"uid": uid, "resourceVersion": revision}
    if preconditions := {key: value for key, value in preconditions.items() if value}:
        options["preconditions"] = preconditions
    if grace is not None:
        options["gracePeriodSeconds"] = grace
    if propagation:
        options["propagationPolicy"] = propagation
    return msgspec.json.encode(options)


__all__ = ["JSON", "Client", "PatchType", "Propagation"]
