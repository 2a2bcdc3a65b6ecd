"""Exec and attach, from the far end: over WebSocket channels and over SPDY streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from wherry.wire import channels
from wherry.wire.channels import ERROR, RESIZE, STDERR, STDIN, STDOUT
from wherry.wire.client import HttpClient, UpgradeRefused
from wherry.wire.message import Query, Request, Response
from wherry.wire.remote import Remote, accept, streams_wanted
from wherry.wire.server import Server, Upgrade
from wherry.wire.spdy_session import SpdySession
from wherry.wire.websocket import WebSocket, connect

ALL = "/exec?stdin=1&stdout=1&stderr=1"


async def count(remote: Remote) -> Mapping[str, Any]:
    """What `wc -c` does, with a word on stderr."""
    size = 0
    while data := await remote.stdin():
        size += len(data)
    await remote.write(STDERR, b"counted")
    await remote.write(STDOUT, str(size).encode())
    return channels.exited(3) if size == 3 else channels.succeeded()


def handle(request: Request) -> Upgrade | Response:
    return accept(request, streams_wanted(request.query), count)


@pytest.fixture
async def client() -> AsyncIterator[Callable[[Server], HttpClient]]:
    clients: list[HttpClient] = []

    def make(server: Server) -> HttpClient:
        clients.append(HttpClient(f"http://127.0.0.1:{server.port}"))
        return clients[-1]

    yield make
    for each in clients:
        await each.close()


async def heard(socket: WebSocket) -> dict[int, bytes]:
    """All that the server says, by channel."""
    said: dict[int, bytes] = {}
    while (message := await socket.receive()) is not None:
        channel, data = channels.decode(message)
        said[channel] = said.get(channel, b"") + data
    return said


def test_both_ways_to_ask_are_understood() -> None:
    assert streams_wanted(Query("stdin=true&stdout=1&tty=1&stderr=1")) == (True, True, False, True)
    assert streams_wanted(Query("input=1&output=1&error=1")) == (True, True, True, False)


async def test_version_5_closes_stdin_and_goes_on(start: Any, client: Any) -> None:
    socket = await connect(client(await start(handle)), ALL, subprotocols=(channels.V5, channels.V4))
    assert socket.subprotocol == channels.V5
    assert await socket.receive() == bytes((STDOUT,))
    await socket.send(bytes((STDIN,)) + b"abc")
    await socket.send(bytes((channels.CLOSE, STDIN)))
    said = await heard(socket)
    assert (said[STDOUT], said[STDERR]) == (b"3", b"counted")
    assert json.loads(said[ERROR])["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]
    assert socket.close_code == 1000
    socket.end()


async def test_much_stdin_waits_for_its_reader(start: Any, client: Any) -> None:
    socket = await connect(client(await start(handle)), ALL, subprotocols=(channels.V5,))
    for _ in range(100):
        await socket.send(bytes((STDIN,)) + b"x" * 50_000)
    await socket.send(bytes((channels.CLOSE, STDIN)))
    assert (await heard(socket))[STDOUT] == b"5000000"
    socket.end()


async def test_text_channels_carry_base64(start: Any, client: Any) -> None:
    async def hello(remote: Remote) -> Mapping[str, Any]:
        await remote.write(STDOUT, b"hello")
        return channels.failed("no")

    server = await start(lambda request: accept(request, streams_wanted(request.query), hello))
    socket = await connect(client(server), "/?stdout=1", subprotocols=(channels.V1_TEXT,))
    assert [await socket.receive() for _ in range(3)] == ["1", "1aGVsbG8=", "3bm8="]
    socket.end()


async def test_sizes_arrive_and_only_the_newest_counts(start: Any, client: Any) -> None:
    async def size(remote: Remote) -> Mapping[str, Any]:
        await remote.stdin()  # comes behind the sizes
        await remote.write(STDOUT, str(await remote.size()).encode())
        return channels.succeeded()

    server = await start(lambda request: accept(request, streams_wanted(request.query), size))
    socket = await connect(client(server), "/?stdin=1&stdout=1&tty=1", subprotocols=(channels.V5,))
    await socket.send(bytes((RESIZE,)) + channels.encode_size((80, 24)))
    await socket.send(bytes((RESIZE,)) + channels.encode_size((100, 30)))
    await socket.send(bytes((STDIN,)) + b"x")
    assert (await heard(socket))[STDOUT] == b"(100, 30)"
    socket.end()


async def test_a_client_that_vanishes_is_an_error_for_who_reads(start: Any, client: Any) -> None:
    broken = asyncio.Event()

    async def wait(remote: Remote) -> Mapping[str, Any]:
        try:
            await remote.stdin()
        except ConnectionError:
            assert await remote.size() is None
            broken.set()
            raise
        return channels.succeeded()

    server = await start(lambda request: accept(request, streams_wanted(request.query), wait))
    socket = await connect(client(server), ALL, subprotocols=(channels.V5,))
    socket._duplex.abort()
    async with asyncio.timeout(5):
        await broken.wait()


@pytest.mark.parametrize("offered", ["v4.channel.k8s.io, v3.channel.k8s.io", "v2.channel.k8s.io"])
async def test_spdy_streams_do_the_same(start: Any, client: Any, offered: str) -> None:
    headers = (("X-Stream-Protocol-Version", offered),)
    duplex, answer = await client(await start(handle)).upgrade("POST", ALL, "SPDY/3.1", headers=headers)
    assert answer["x-stream-protocol-version"] == offered.partition(",")[0]
    async with SpdySession(duplex, client=True) as session:
        kinds = ("error", "stdin", "stdout", "stderr")
        streams = {kind: await session.open({"streamType": kind}) for kind in kinds}
        await streams["stdin"].send(b"abc")
        streams["stdin"].finish()
        said = {kind: await streams[kind].read() for kind in ("stdout", "stderr", "error")}
        assert (said["stdout"], said["stderr"]) == (b"3", b"counted")
        if offered.startswith("v4"):
            assert json.loads(said["error"])["reason"] == "NonZeroExitCode"
        else:
            assert said["error"] == b"command terminated with non-zero exit code: exit status 3"
        assert await streams["error"].read() == b""


async def test_spdy_carries_sizes(start: Any, client: Any) -> None:
    async def size(remote: Remote) -> Mapping[str, Any]:
        await remote.write(STDOUT, str(await remote.size()).encode())
        return channels.succeeded()

    server = await start(lambda request: accept(request, streams_wanted(request.query), size))
    headers = (("X-Stream-Protocol-Version", "v4.channel.k8s.io"),)
    duplex, _ = await client(server).upgrade("POST", "/?stdout=1&tty=1", "SPDY/3.1", headers=headers)
    async with SpdySession(duplex, client=True) as session:
        streams = {k: await session.open({"streamType": k}) for k in ("error", "stdout", "resize")}
        await streams["resize"].send(channels.encode_size((80, 24)) + b"\n")
        assert await streams["stdout"].read() == b"(80, 24)"


@pytest.mark.parametrize(
    ("path", "protocol", "version", "status"),
    [
        ("/exec", "SPDY/3.1", "v4.channel.k8s.io", 400),
        (ALL, "SPDY/3.1", "v99.channel.k8s.io", 403),
        (ALL, "other", "v4.channel.k8s.io", 400),
    ],
)
async def test_what_cannot_be_served_is_refused(
    start: Any, client: Any, path: str, protocol: str, version: str, status: int
) -> None:
    headers = (("X-Stream-Protocol-Version", version),)
    with pytest.raises(UpgradeRefused) as refused:
        await client(await start(handle)).upgrade("POST", path, protocol, headers=headers)
    assert refused.value.reply.status == status
