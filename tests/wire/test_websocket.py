"""WebSockets: our server against our client, against raw bytes, and against nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping

from wherry.wire.client import HttpClient, UpgradeRefused
from wherry.wire.message import Request, Response
from wherry.wire.server import Server, Upgrade
from wherry.wire.tls import client_context
from wherry.wire.websocket import NORMAL, PROTOCOL_ERROR, TOO_BIG, WebSocket, accept, accept_token, connect

SHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


async def echo(socket: WebSocket) -> None:
    while (message := await socket.receive()) is not None:
        await socket.send(message)


def echoing(request: Request) -> Upgrade | Response:
    return accept(request, echo, subprotocols=("v5", "v4"), limit=1_000_000)


@pytest.fixture
async def client() -> AsyncIterator[Callable[[Server], HttpClient]]:
    clients: list[HttpClient] = []

    def make(server: Server) -> HttpClient:
        clients.append(HttpClient(f"http://127.0.0.1:{server.port}"))
        return clients[-1]

    yield make
    for each in clients:
        await each.close()


def test_the_accept_token_is_the_one_in_the_rfc() -> None:
    assert accept_token("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


async def test_messages_go_both_ways(start: Any, client: Any) -> None:
    socket = await connect(client(await start(echoing)), "/", subprotocols=("v9", "v4", "v5"))
    assert socket.subprotocol == "v4"
    for message in (b"binary", "text ü", b"", b"x" * 300_000):
        await socket.send(message)
        assert await socket.receive() == message
    await socket.close()
    assert socket.close_code == NORMAL
    with pytest.raises(ConnectionError):
        await socket.send(b"too late")


async def test_messages_go_through_tls(start: Any, authority: Any, server_tls: Any) -> None:
    server = await start(echoing, tls=server_tls)
    client = HttpClient(f"https://127.0.0.1:{server.port}", tls=client_context(authority.certificate))
    socket = await connect(client, "/")
    await socket.send(b"x" * 100_000)
    assert await socket.receive() == b"x" * 100_000
    await socket.close()


async def test_fragments_are_joined_and_pings_between_them_answered(start: Any, connect: Any) -> None:
    wire = await connect(await start(echoing))
    wire.writer.write(SHAKE + b"\r\n")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in await wire.until(b"\r\n\r\n")
    engine = Connection(ConnectionType.CLIENT)
    wire.writer.write(engine.send(BytesMessage(b"one ", message_finished=False)))
    wire.writer.write(engine.send(Ping(b"alive?")))
    assert await wire.until(b"alive?") == b"\x8a\x06alive?"
    wire.writer.write(engine.send(BytesMessage(b"two")))
    assert await wire.until(b"two") == b"\x82\x07one two"
    wire.writer.write(engine.send(CloseConnection(4000, "bye")))
    assert await wire.rest() == b"\x88\x05\x0f\xa0bye"


async def test_a_message_that_came_with_the_handshake_is_not_lost(start: Any, connect: Any) -> None:
    wire = await connect(await start(echoing))
    engine = Connection(ConnectionType.CLIENT)
    wire.writer.write(SHAKE + b"\r\n" + bytes(engine.send(BytesMessage(b"early"))))
    await wire.until(b"\x82\x05early")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"Version: 13", b"Version: 8"), b"426"),
        ((b"dGhlIHNhbXBsZSBub25jZQ==", b"short"), b"400"),
        ((b"GET", b"POST"), b"400"),
        ((b"Upgrade: websocket", b"Upgrade: other"), b"400"),
        ((b"Host: a", b"Sec-WebSocket-Protocol: v1, v2"), b"400"),
    ],
)
async def test_bad_handshakes_are_refused(start: Any, connect: Any, change: Any, status: bytes) -> None:
    wire = await connect(await start(echoing))
    answer = await wire.ask(SHAKE.replace(*change) + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)


async def test_a_client_sees_why_it_was_refused(start: Any, client: Any) -> None:
    server = await start(lambda _: Response(403, b"no"))
    with pytest.raises(UpgradeRefused, match="403"):
        await connect(client(server), "/")


async def test_a_message_over_the_limit_ends_the_connection(start: Any, client: Any) -> None:
    socket = await connect(client(await start(echoing)), "/")
    await socket.send(b"x" * 1_000_001)
    assert await socket.receive() is None
    assert socket.close_code in (TOO_BIG, 1006)  # the goodbye may be lost to the reset
    socket.end()


@pytest.mark.parametrize(
    "frame",
    [
        b"\x82\x05plain",  # a client must mask
        b"\xf2\x80\0\0\0\0",  # reserved bits
        b"\x83\x80\0\0\0\0",  # an opcode that is none
        b"\x80\x80\0\0\0\0",  # a continuation of nothing
        b"\x89\xfe\0\x7e\0\0\0\0",  # a ping too long
    ],
)
async def test_broken_frames_end_with_a_protocol_error(start: Any, connect: Any, frame: bytes) -> None:
    wire = await connect(await start(echoing))
    wire.writer.write(SHAKE + b"\r\n")
    await wire.until(b"\r\n\r\n")
    answer = await wire.ask(frame)
    assert answer[:1] == b"\x88"
    assert int.from_bytes(answer[2:4]) == PROTOCOL_ERROR


async def test_a_sender_waits_for_a_slow_reader(start: Any, client: Any, eventually: Any) -> None:
    sent = 0

    async def flood(socket: WebSocket) -> None:
        nonlocal sent
        while sent < 10**9:
            await socket.send(b"x" * 65536)
            sent += 65536

    server = await start(lambda request: accept(request, flood))
    socket = await connect(client(server), "/")
    await socket.receive()
    await eventually(lambda: sent > 65536)
    before = -1
    while before != sent:
        before = sent
        for _ in range(20):
            await asyncio.sleep(0.001)
    assert sent < 64 * 2**20
    socket.end()


async def test_a_reset_is_an_end(start: Any, client: Any) -> None:
    ended = asyncio.Event()

    async def wait(socket: WebSocket) -> None:
        assert await socket.receive() is None
        assert socket.close_code == 1006
        ended.set()

    server = await start(lambda request: accept(request, wait))
    socket = await connect(client(server), "/")
    socket._duplex.abort()
    async with asyncio.timeout(5):
        await ended.wait()


async def test_a_stopping_server_says_that_it_goes_away(start: Any, client: Any) -> None:
    server = await start(echoing)
    socket = await connect(client(server), "/")
    await socket.send(b"a")
    await socket.receive()
    await server.close()
    assert await socket.receive() is None
    assert socket.close_code == 1001


class Canned:
    """A connection that says what it was given, then ends."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.buffered = 0
        self.sent = b""

    async def read(self) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def write(self, data: bytes) -> None:
        self.sent += data

    async def drain(self) -> None: ...

    def close(self) -> None: ...


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=200), max_size=5))
def test_nothing_that_is_received_breaks_the_receiver(pieces: list[bytes]) -> None:
    async def receive_all() -> WebSocket:
        socket = WebSocket(Canned(pieces), client=False, limit=1000)  # type: ignore[arg-type]  # stands in
        while await socket.receive() is not None:
            pass
        return socket

    assert asyncio.run(receive_all()).close_code is not None


@settings(deadline=None, max_examples=50)
@given(st.lists(st.one_of(st.binary(max_size=500), st.text(max_size=200)), max_size=6), st.integers(1, 100))
def test_messages_survive_any_cutting(messages: list[bytes | str], size: int) -> None:
    async def there() -> list[bytes | str]:
        out = Canned([])
        sender = WebSocket(out, client=True)  # type: ignore[arg-type]  # stands in
        for message in messages:
            await sender.send(message)
        cut = [out.sent[at : at + size] for at in range(0, len(out.sent), size)]
        receiver = WebSocket(Canned(cut), client=False)  # type: ignore[arg-type]  # stands in
        got: list[bytes | str] = []
        while (received := await receiver.receive()) is not None:
            got.append(received)
        return got

    assert asyncio.run(there()) == messages
