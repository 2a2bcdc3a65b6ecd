"""Connect: requests that end at a node: logs, exec, attach, port-forward, and proxies to what listens there.

An upgraded connection is passed through byte by byte: the node agent speaks WebSocket and SPDY itself.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from wherry.api.core.node import Node
from wherry.api.core.pod import Pod
from wherry.api.registry import resource_for
from wherry.apiserver.api import Api
from wherry.apiserver.call import Call
from wherry.apiserver.target import Target
from wherry.machinery.errors import (
    BadRequest,
    InternalError,
    MethodNotAllowed,
    ServiceUnavailable,
    from_status,
    not_found,
)
from wherry.wire.client import HttpClient, StreamReply, Unreachable, UpgradeRefused
from wherry.wire.duplex import Duplex, splice
from wherry.wire.message import HeaderPairs, Request, Response
from wherry.wire.server import Answer, Upgrade
from wherry.wire.stream import Stream

log = logging.getLogger(__name__)

AGENT_PORT = 10250
PATHS = {"log": "containerLogs", "exec": "exec", "attach": "attach", "portforward": "portForward"}
HOPS = frozenset(
    (
        "connection",
        "host",
        "authorization",
        "content-length",
        "transfer-encoding",
        "keep-alive",
        "upgrade",
        "te",
    )
)
UPGRADE_HEADERS = (
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
    "x-stream-protocol-version",
    "origin",
)


class Dialer(Protocol):
    """Makes HTTP clients to where nodes and Pods listen."""

    def agent(self, host: str, port: int) -> HttpClient:
        """To a node agent, with the API server's own certificate."""
        ...

    def plain(self, scheme: str, host: str, port: int) -> HttpClient:
        """To anything else; certificates are not checked, as upstream's proxy doesn't."""
        ...


class Connector:
    def __init__(self, api: Api, dialer: Dialer) -> None:
        self.api = api
        self.dialer = dialer

    async def answer(self, request: Request, call: Call, target: Target) -> Answer:
        try:
            if call.subresource == "proxy":
                return await self.proxy(request, call, target)
            return await self.pod(request, call)
        except Unreachable as error:
            raise ServiceUnavailable(f"error trying to reach service: {error}") from None

    # --- Pods: log, exec, attach, portforward -------------------------------------------------------

    async def pod(self, request: Request, call: Call) -> Answer:
        sub = call.resource.subresource(call.subresource)
        if sub is None or call.verb not in sub.verbs:
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        entry = self.api.writer.find(call)
        if entry is None:
            raise not_found("pods", call.name)
        pod: Pod = entry.typed
        path = f"/{PATHS[call.subresource]}/{call.namespace}/{call.name}"
        if call.subresource != "portforward":
            path += f"/{container_of(pod, call)}"
        if not pod.spec.nodeName:
            if call.subresource == "log":
                return Response(200, b"", "text/plain", ())
            raise BadRequest(f"pod {call.name} does not have a host assigned")
        client = self.agent(pod.spec.nodeName)
        query = [(name, value) for name, value in request.query if name != "container"]
        full = f"{path}?{urlencode(query)}" if query else path
        if call.subresource == "log":
            return await self._log(client, full)
        return await self._upgraded(client, request, full)

    def agent(self, node: str) -> HttpClient:
        entry = self.api.hub.cache(resource_for(Node)).get(node)
        if entry is None:
            raise InternalError(
                f"Internal error occurred: node {node} not found; it may have left the cluster"
            )
        found: Node = entry.typed
        kinds = {address.type: address.address for address in found.status.addresses}
        host = kinds.get("InternalIP") or kinds.get("Hostname") or kinds.get("ExternalIP")
        if not host:
            raise ServiceUnavailable(f"node {node} has no address yet: wait until its agent has reported one")
        endpoint = found.status.daemonEndpoints
        port = endpoint.kubeletEndpoint.Port if endpoint and endpoint.kubeletEndpoint else 0
        return self.dialer.agent(host, port or AGENT_PORT)

    async def _log(self, client: HttpClient, path: str) -> Answer:
        reply, chunks = await _opened(client, "GET", path)
        if reply.status != 200:
            text = b"".join([chunk async for chunk in chunks]).decode(errors="replace")
            raise _node_error(reply.status, text)
        return Stream.of(chunks, 200, "text/plain")

    async def _upgraded(self, client: HttpClient, request: Request, path: str) -> Answer:
        protocol = request.headers.get("upgrade")
        if not protocol:
            raise BadRequest("Upgrade request required: the client must ask for WebSocket or SPDY")
        headers: list[tuple[str, str]] = []
        for name in UPGRADE_HEADERS:
            headers += [(name, value) for value in request.headers.all(name)]
        try:
            far, answered = await client.upgrade(request.method, path, protocol, headers=headers)
        except UpgradeRefused as refused:
            raise _node_error(refused.reply.status, refused.reply.body.decode(errors="replace")) from None
        kept = [(name, value) for name, value in answered if name.lower() not in ("connection", "upgrade")]

        async def serve(near: Duplex) -> None:
            await splice(near, far)

        return Upgrade(protocol, serve, kept)

    # --- proxy ---------------------------------------------------------------------------------------

    async def proxy(self, request: Request, call: Call, target: Target) -> Answer:
        client, path = self._proxied(call, target)
        if request.query_string:
            path += f"?{request.query_string}"
        if request.upgrade:
            return await self._upgraded(client, request, path)
        headers = [(name, value) for name, value in request.headers if name.lower() not in HOPS]
        reply, chunks = await _opened(client, request.method, path, headers, request.body)
        kept = [
            (name, value)
            for name, value in reply.headers
            if name.lower() not in HOPS and name.lower() != "content-type"
        ]
        return Stream.of(chunks, reply.status, reply.headers.get("content-type"), kept)

    def _proxied(self, call: Call, target: Target) -> tuple[HttpClient, str]:
        scheme, name, port = _split(call.name)
        path = "/" + target.rest
        match call.resource.plural:
            case "nodes":
                call.name = name
                return self.agent(name), path
            case "pods":
                host, number = self._pod_address(call, name, port)
            case _:
                host, number = self._service_address(call, name, port)
        return self.dialer.plain(scheme or "http", host, number), path

    def _pod_address(self, call: Call, name: str, port: str) -> tuple[str, int]:
        call.name = name
        entry = self.api.writer.find(call)
        if entry is None:
            raise not_found("pods", name)
        pod: Pod = entry.typed
        if not pod.status.podIP:
            raise ServiceUnavailable(f"pod {name} has no address yet")
        ports = [found for container in pod.spec.containers for found in container.ports]
        if not port:
            return pod.status.podIP, ports[0].containerPort if ports else 80
        named: Mapping[str, int] = {found.name: found.containerPort for found in ports if found.name}
        return pod.status.podIP, named.get(port) or _number(port)

    def _service_address(self, call: Call, name: str, port: str) -> tuple[str, int]:
        """A ready endpoint of the Service's port."""
        from wherry.api.discovery.endpointslice import EndpointSlice
        from wherry.apiserver.selection import Selection

        call.name = name
        entry = self.api.writer.find(call)
        if entry is None:
            raise not_found("services", name)
        ports = entry.typed.spec.ports
        wanted: Any = next((p for p in ports if port in (p.name, str(p.port))), None) if port else ports[0]
        if wanted is None:
            raise ServiceUnavailable(f'no service port "{port}" found for service "{name}"')
        cache = self.api.hub.cache(resource_for(EndpointSlice))
        selection = Selection(cache.resource, call.namespace, f"kubernetes.io/service-name={name}")
        addresses = [
            (address, found.port)
            for each in cache.select(selection)
            for endpoint in each.typed.endpoints
            if endpoint.conditions is None or endpoint.conditions.ready is not False
            for found in each.typed.ports
            if (found.name or "") == wanted.name
            for address in endpoint.addresses
        ]
        if not addresses:
            raise ServiceUnavailable(f'no endpoints available for service "{name}"')
        host, number = addresses[int(self.api.clock.random() * len(addresses))]
        return host, number


async def _opened(
    client: HttpClient, method: str, path: str, headers: HeaderPairs = (), body: bytes = b""
) -> tuple[StreamReply, AsyncIterator[bytes]]:
    """An answer whose body is read as it comes; the connection is given back when the iterator ends."""
    opened = client.stream(method, path, headers=headers, body=body)
    reply = await opened.__aenter__()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            async for chunk in reply:
                yield chunk
        finally:
            await opened.__aexit__(None, None, None)

    return reply, chunks()


def container_of(pod: Pod, call: Call) -> str:
    """The container that is meant: the one asked for, or the only one."""
    spec = pod.spec
    asked = call.params.get("container", "")
    names = [c.name for c in spec.containers]
    every = [*(c.name for c in spec.initContainers), *names, *(c.name for c in spec.ephemeralContainers)]
    if not asked:
        default = pod.metadata.annotations.get("kubectl.kubernetes.io/default-container", "")
        if len(names) == 1 or call.subresource != "log":
            return default if default in names else names[0]
        choice = " ".join(names)
        if spec.initContainers:
            init = " ".join(c.name for c in spec.initContainers)
            raise BadRequest(
                f"a container name must be specified for pod {call.name}, choose one of: [{choice}] "
                f"or one of the init containers: [{init}]"
            )
        raise BadRequest(f"a container name must be specified for pod {call.name}, choose one of: [{choice}]")
    if asked not in every:
        raise BadRequest(f"container {asked} is not valid for pod {call.name}")
    return asked


def _node_error(status: int, text: str) -> Exception:
    """What a node agent answered, as the client's own error."""
    import msgspec

    try:
        tree = msgspec.json.decode(text)
    except msgspec.DecodeError:
        tree = None
    if isinstance(tree, dict) and tree.get("kind") == "Status":
        return from_status(tree)
    return from_status({"code": status, "message": text.strip() or f"the node answered with status {status}"})


def _split(name: str) -> tuple[str, str, str]:
    """`https:web:443` -> ("https", "web", "443")."""
    parts = name.split(":")
    match parts:
        case [scheme, middle, port]:
            return scheme, middle, port
        case [middle, port]:
            return "", middle, port
    return "", name, ""


def _number(port: str) -> int:
    if not port.isdecimal():
        raise BadRequest(f'port "{port}" is neither a number nor the name of a port')
    return int(port)
