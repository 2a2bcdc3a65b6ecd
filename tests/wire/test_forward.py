"""Port-forward: three dialects, one echo server behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.wire import channels, forward
from wherry.wire.client import HttpClient, UpgradeRefused
from wherry.wire.duplex import ByteStream, dial
from wherry.wire.message import Request, Response
from wherry.wire.server import Upgrade
from wherry.wire.spdy_session import SpdySession
from wherry.wire.websocket import Tunnel, connect


@pytest.fixture
async def target() -> AsyncIterator[int]:
    """The port of a server that answers in capitals."""

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data.upper())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.sleep(0.01)


@pytest.fixture
async def client(start: Any) -> AsyncIterator[HttpClient]:
    async def reach(port: int) -> ByteStream:
        if port == 1:
            raise ConnectionRefusedError("nobody listens on port 1")
        return await dial("127.0.0.1", port)

    def handle(request: Request) -> Upgrade | Response:
        return forward.accept(request, reach)

    server = await start(handle)
    client = HttpClient(f"http://127.0.0.1:{server.port}")
    yield client
    await client.close()


async def check_streams(io: ByteStream, target: int) -> None:
    async with SpdySession(io, client=True) as session:
        for number in range(3):
            headers = {"port": str(target), "requestID": str(number)}
            error = await session.open({"streamType": "error", **headers})
            error.finish()
            data = await session.open({"streamType": "data", **headers})
            await data.send(b"x" * 200_000)
            data.finish()
            got = b""
            while piece := await data.read():
                got += piece
            assert got == b"X" * 200_000
            assert await error.read() == b""
        headers = {"port": "1", "requestID": "9"}
        error = await session.open({"streamType": "error", **headers})
        await session.open({"streamType": "data", **headers})
        assert await error.read() == b"nobody listens on port 1"
        assert await error.read() == b""


async def test_spdy_inside_a_websocket(client: HttpClient, target: int) -> None:
    socket = await connect(client, "/portforward", subprotocols=("SPDY/3.1+portforward.k8s.io",))
    assert socket.subprotocol == "SPDY/3.1+portforward.k8s.io"
    await check_streams(Tunnel(socket), target)


async def test_spdy_alone(client: HttpClient, target: int) -> None:
    headers = (("X-Stream-Protocol-Version", "portforward.k8s.io"),)
    duplex, answer = await client.upgrade("POST", "/portforward", "SPDY/3.1", headers=headers)
    assert answer["x-stream-protocol-version"] == "portforward.k8s.io"
    await check_streams(duplex, target)


async def test_channels_of_a_websocket(client: HttpClient, target: int) -> None:
    socket = await connect(client, f"/portforward?ports={target},1", subprotocols=(channels.V4,))
    said: dict[int, bytes] = {}

    async def listen(channel: int, size: int) -> bytes:
        while len(said.get(channel, b"")) < size:
            message = await socket.receive()
            assert message is not None
            number, data = channels.decode(message)
            said[number] = said.get(number, b"") + data
        return said[channel]

    port = target.to_bytes(2, "little")
    assert await listen(3, 10) == b"\x01\x00nobody listens on port 1"
    assert (said[0], said[1], said[2]) == (port, port, b"\x01\x00")
    await socket.send(b"\x00hello")
    assert await listen(0, 7) == port + b"HELLO"
    await socket.close()


@pytest.mark.parametrize("query", ["", "?ports=", "?ports=x", "?ports=0", "?ports=80,70000"])
async def test_channels_need_ports(client: HttpClient, query: str) -> None:
    with pytest.raises(UpgradeRefused, match="400"):
        await connect(client, "/portforward" + query, subprotocols=(channels.V4,))
