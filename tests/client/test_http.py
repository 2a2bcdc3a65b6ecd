"""The HTTP transport against a server on the loopback that speaks as upstream does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from wherry.api.core.pod import Pod
from wherry.api.registry import Resource, resource_for
from wherry.client.cache import Caches
from wherry.client.client import Client
from wherry.client.http import HttpTransport
from wherry.machinery.errors import Conflict, Expired, Invalid, NotFound
from wherry.machinery.meta import Object, ObjectMeta
from wherry.sim.clock import VirtualClock
from wherry.wire.client import HttpClient

Answer = tuple[int, dict[str, str], bytes]


class Upstream:
    """Answers from a list, in order; notes what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Callable[[str], Answer]] = []
        self.asked: list[tuple[str, str, dict[str, list[str]], str, bytes]] = []
        self.url = ""

    def will(self, status: int, tree: Any, **headers: str) -> None:
        body = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
        self.answers.append(lambda _: (status, headers, body))

    def will_stream(self, *events: tuple[str, dict[str, Any]]) -> None:
        lines = [json.dumps({"type": kind, "object": obj}) + "\n" for kind, obj in events]
        self.will(200, "".join(lines).encode())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                method, target, _ = lines[0].split(" ")
                parts = urlsplit(target)
                self.asked.append(
                    (method, parts.path, parse_qs(parts.query), headers.get("accept", ""), body)
                )
                status, extra, content = self.answers.pop(0)(target)
                more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in extra.items())
                writer.write(f"HTTP/1.1 {status} X\r\n{more}content-length: {len(content)}\r\n\r\n".encode())
                writer.write(content)
        except (asyncio.IncompleteReadError, ConnectionError, IndexError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    upstream.url = f"http://127.0.0.1:{port}"
    yield upstream
    server.close()
    await server.wait_closed()


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[Client]:
    client = Client(HttpTransport(HttpClient(upstream.url), VirtualClock()))
    yield client
    await client.close()


def pod(name: str, revision: int, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default", "uid": name, "resourceVersion": str(revision)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, **more}


def bookmark(revision: int, *, end: bool = False) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
    if end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


def status(code: int, reason: str, message: str) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message}


async def test_creates_with_kind_and_version(client: Client, upstream: Upstream) -> None:
    upstream.will(201, pod("web", 5))
    made = await client.create(Pod(metadata=ObjectMeta(name="web", namespace="default")))
    assert made.metadata.resourceVersion == "5"
    method, path, _, _, body = upstream.asked[0]
    assert (method, path) == ("POST", "/api/v1/namespaces/default/pods")
    assert json.loads(body)["kind"] == "Pod"


async def test_nulls_of_other_servers_count_as_absent(client: Client, upstream: Upstream) -> None:
    upstream.will(
        200, pod("web", 5, spec={"containers": [{"name": "a", "image": "b", "ports": None}]}, status=None)
    )
    web = await client.get(Pod, "web", "default")
    assert web.spec.containers[0].ports == ()


async def test_a_status_becomes_its_error(client: Client, upstream: Upstream) -> None:
    upstream.will(404, status(404, "NotFound", 'pods "web" not found'))
    assert await client.find(Pod, "web", "default") is None
    upstream.will(409, status(409, "Conflict", "changed"))
    with pytest.raises(Conflict, match="changed"):
        await client.update(Pod(metadata=ObjectMeta(name="web", namespace="default")))
    upstream.will(404, b"404 page not found")
    with pytest.raises(NotFound, match="404 page not found"):
        await client.get(Pod, "web", "default")


async def test_comes_again_when_it_is_told_to(client: Client, upstream: Upstream) -> None:
    upstream.will(429, b"Too many requests", Retry_After="0")
    upstream.will(200, pod("web", 5))
    await client.get(Pod, "web", "default")
    assert len(upstream.asked) == 2


async def test_lists_page_by_page(client: Client, upstream: Upstream) -> None:
    upstream.will(200, {"metadata": {"continue": "next"}, "items": [pod("a", 1)]})
    upstream.will(200, {"metadata": {}, "items": [pod("b", 2)]})
    found = await client.list(Pod, "default", labelSelector="app=web", page=1)
    assert [each.metadata.name for each in found] == ["a", "b"]
    assert upstream.asked[1][2] == {"labelSelector": ["app=web"], "limit": ["1"], "continue": ["next"]}


async def test_deletes_just_this_object(client: Client, upstream: Upstream) -> None:
    upstream.will(200, status(200, "", ""))
    web = Pod(metadata=ObjectMeta(name="web", namespace="default", uid="u1"))
    assert await client.delete(web, grace=0, propagation="Background") is None
    options = json.loads(upstream.asked[0][4])
    assert options["preconditions"] == {"uid": "u1"}
    assert (options["gracePeriodSeconds"], options["propagationPolicy"]) == (0, "Background")


async def test_streams_what_exists_and_what_comes(client: Client, upstream: Upstream) -> None:
    upstream.will_stream(
        ("ADDED", pod("a", 3)),
        ("BOOKMARK", bookmark(4, end=True)),
        ("MODIFIED", pod("a", 5)),
        ("BOOKMARK", bookmark(6)),
    )
    events = [event async for batch in client.watch(Pod, "default") for event in batch]
    assert [(event.type, event.revision) for event in events] == [
        ("ADDED", "3"),
        ("SYNCED", "4"),
        ("MODIFIED", "5"),
        ("BOOKMARK", "6"),
    ]
    query = upstream.asked[0][2]
    assert query["sendInitialEvents"] == ["true"]
    assert 300 <= int(query["timeoutSeconds"][0]) <= 600


async def test_lists_and_watches_where_the_server_cannot_stream(client: Client, upstream: Upstream) -> None:
    upstream.will(422, status(422, "Invalid", "sendInitialEvents is forbidden"))
    upstream.will(200, {"metadata": {"resourceVersion": "9"}, "items": [pod("a", 3)]})
    upstream.will_stream(("MODIFIED", pod("a", 10)))
    events = [event async for batch in client.watch(Pod) for event in batch]
    assert [(event.type, event.revision) for event in events] == [
        ("ADDED", "3"),
        ("SYNCED", "9"),
        ("MODIFIED", "10"),
    ]
    assert upstream.asked[2][2]["resourceVersion"] == ["9"]


async def test_an_error_in_the_stream_is_raised(client: Client, upstream: Upstream) -> None:
    upstream.will_stream(("ERROR", status(410, "Expired", "too old resource version: 1 (9)")))
    with pytest.raises(Expired, match="too old"):
        async for _ in client.watch(Pod, since="1"):
            pass


async def test_a_refused_watch_is_raised(client: Client, upstream: Upstream) -> None:
    upstream.will(422, status(422, "Invalid", "bad selector"))
    with pytest.raises(Invalid):
        async for _ in client.watch(Pod, since="1"):
            pass


async def test_resources_without_a_class_come_as_metadata(client: Client, upstream: Upstream) -> None:
    widgets = Resource("example.com", "v1", "Widget", "widgets")
    upstream.will_stream(("ADDED", {**pod("w", 3), "kind": "PartialObjectMetadata"}))
    events = [event async for batch in client.watch(widgets) for event in batch]
    assert type(events[0].object) is Object
    assert events[0].object.metadata.name == "w"
    assert "as=partialobjectmetadata" in upstream.asked[0][3]


async def test_a_cache_over_http_is_filled_and_goes_on(client: Client, upstream: Upstream) -> None:
    upstream.will_stream(("ADDED", pod("a", 3)), ("BOOKMARK", bookmark(4, end=True)))
    caches = Caches(client.transport, VirtualClock())
    cache = caches.of(Pod)
    task = asyncio.create_task(caches.run())
    await asyncio.wait_for(cache.synced(), 5)
    assert cache.resource is resource_for(Pod)
    assert cache.get("a", "default") is not None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
