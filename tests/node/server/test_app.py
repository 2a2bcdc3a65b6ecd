"""The node's server: what the API server asks of it, over real TLS, with a fake runtime behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from wherry.client.client import Client
from wherry.cluster.pki import Authority, Identity
from wherry.wire import channels, websocket
from wherry.wire.client import HttpClient
from wherry.wire.tls import client_context

LIMIT = 10.0  # seconds


class Served:
    """A node with its server, and the authority that both sides trust."""

    def __init__(self, node: Any, authority: Authority) -> None:
        self.node = node
        self.authority = authority

    def client(self, identity: Identity | None = None) -> HttpClient:
        name = "kube-apiserver-kubelet-client"
        identity = identity or self.authority.issue(name, self.node.clock.now(), groups=("system:masters",))
        tls = client_context(self.authority.certificate, identity.certificate, identity.key)
        return HttpClient(f"https://127.0.0.1:{self.node.agent.keeper.port}", tls=tls)

    async def get(self, path: str) -> tuple[int, str]:
        async with asyncio.timeout(LIMIT):
            client = self.client()
            reply = await client.request("GET", path)
            await client.close()
        return reply.status, reply.body.decode()


@pytest.fixture
async def served(make_node: Any, client: Client, tmp_path: Path, clock: Any) -> AsyncIterator[Served]:
    authority = Authority.create("ca", clock.now())
    identity = authority.issue(
        "system:node:n1", clock.now(), groups=("system:nodes",), hosts=("127.0.0.1", "n1")
    )
    for name, pem in (("crt", identity.certificate), ("key", identity.key), ("ca", authority.certificate)):
        (tmp_path / name).write_bytes(pem)
    node = make_node(
        client,
        tmp_path / "data",
        certificate=tmp_path / "crt",
        key=tmp_path / "key",
        client_ca=tmp_path / "ca",
        port=0,
        address="127.0.0.1",
    )
    await node.start()
    await node.create("web")
    await node.until("web", lambda pod: pod.status.phase == "Running")
    yield Served(node, authority)
    await node.stop()
    await node.runtime.close()


async def test_strangers_are_refused(served: Served) -> None:
    now = served.node.clock.now()
    other_node = served.authority.issue("system:node:n2", now, groups=("system:nodes",))
    client = served.client(other_node)
    assert (await client.request("GET", "/pods")).status == 403
    await client.close()
    bare = HttpClient(
        f"https://127.0.0.1:{served.node.agent.keeper.port}", tls=client_context(served.authority.certificate)
    )
    assert (await bare.request("GET", "/pods")).status == 401
    await bare.close()


async def test_healthz_and_pods(served: Served) -> None:
    assert await served.get("/healthz") == (200, "ok")
    status, body = await served.get("/pods")
    assert status == 200
    assert [item["metadata"]["name"] for item in json.loads(body)["items"]] == ["web"]


async def test_stats_and_metrics(served: Served) -> None:
    status, body = await served.get("/stats/summary")
    assert status == 200
    assert json.loads(body)["pods"][0]["podRef"]["name"] == "web"
    status, body = await served.get("/metrics")
    assert 'kubelet_running_containers{container_state="running"} 1' in body
    status, body = await served.get("/metrics/resource")
    assert 'container_memory_working_set_bytes{container="c",namespace="default",pod="web"}' in body


async def test_an_exec_tells_output_and_exit_code(served: Served) -> None:
    async with asyncio.timeout(LIMIT):
        client = served.client()
        path = "/exec/default/web/c?command=sh&command=-c&command=exit+3&output=1&error=1"
        socket = await websocket.connect(client, path, subprotocols=(channels.V5,))
        messages = [message async for message in received(socket)]
        await client.close()
    statuses = [json.loads(data) for channel, data in messages if channel == channels.ERROR and data]
    assert statuses[0]["reason"] == "NonZeroExitCode"
    assert statuses[0]["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]


async def test_stdin_ends_and_the_command_answers(served: Served) -> None:
    async with asyncio.timeout(LIMIT):
        client = served.client()
        path = "/exec/default/web/c?command=cat&output=1&input=1"
        socket = await websocket.connect(client, path, subprotocols=(channels.V5,))
        await socket.send(channels.encode(channels.STDIN, b"hello"))
        await socket.send(channels.encode(channels.CLOSE, bytes((channels.STDIN,))))
        messages = [message async for message in received(socket)]
        await client.close()
    assert b"".join(data for channel, data in messages if channel == channels.STDOUT) == b"hello"
    assert json.loads(messages[-1][1])["status"] == "Success"


async def received(socket: websocket.WebSocket) -> AsyncIterator[tuple[int, bytes]]:
    while (message := await socket.receive()) is not None:
        yield channels.decode(message)


async def test_an_unknown_pod_or_container_is_not_found(served: Served) -> None:
    status, body = await served.get("/containerLogs/default/absent/c")
    assert (status, "absent" in body) == (404, True)
    status, body = await served.get("/exec/default/web/absent?command=true&output=1")
    assert (status, body) == (404, 'container not found ("absent")')


def log_file(served: Served) -> Path:
    view = next(iter(served.node.agent.tools.observer.pods.values()))
    path = Path(next(iter(view.logs.values())))
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


LINES = (
    "2026-01-01T00:00:01.000000001Z stdout F one\n"
    "2026-01-01T00:00:02.000000001Z stderr P tw\n"
    "2026-01-01T00:00:02.000000002Z stderr F o\n"
    "2026-01-01T00:00:03.000000001Z stdout F three\n"
)


async def test_logs_are_read_as_they_were_written(served: Served) -> None:
    log_file(served).write_text(LINES)
    base = "/containerLogs/default/web/c"
    assert await served.get(base) == (200, "one\ntwo\nthree\n")
    assert await served.get(f"{base}?tailLines=2") == (200, "two\nthree\n")
    assert await served.get(f"{base}?tailLines=0") == (200, "")
    assert await served.get(f"{base}?limitBytes=5") == (200, "one\nt")
    assert await served.get(f"{base}?sinceTime=2026-01-01T00:00:03Z") == (200, "three\n")
    stamped = "2026-01-01T00:00:02.000000001Z two\n2026-01-01T00:00:03.000000001Z three\n"
    assert await served.get(f"{base}?timestamps=true&tailLines=2") == (200, stamped)
    status, body = await served.get(f"{base}?previous=true")
    assert (status, body) == (400, 'previous terminated container "c" in pod "web" not found')


async def test_a_followed_log_ends_with_its_container(served: Served) -> None:
    path = log_file(served)
    path.write_text(LINES)
    client = served.client()
    read = b""
    async with asyncio.timeout(LIMIT):
        async with client.stream("GET", "/containerLogs/default/web/c?follow=true&tailLines=1") as answer:
            read += await answer.chunk()
            with path.open("a") as file:
                file.write("2026-01-01T00:00:04Z stdout F four\n")
            read += await answer.chunk()
            path.rename(f"{path}.1")
            path.write_text("2026-01-01T00:00:05Z stdout F five\n")
            read += await answer.chunk()
            [container] = await served.node.runtime.list_containers()
            served.node.runtime.exit(container.id, 0)
            while data := await answer.chunk():
                read += data
    await client.close()
    assert read == b"three\nfour\nfive\n"
