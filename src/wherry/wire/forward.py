"""Forward: the server's side of port-forward: connections of a client, carried to ports of a pod.

Three dialects: SPDY inside a WebSocket (kubectl today), SPDY alone (kubectl before 1.31), and channels
of a WebSocket (other clients). In SPDY every connection is two streams with one `requestid`: one for
data, one on which the server says what went wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

from wherry.wire import channels, websocket
from wherry.wire.answer import Upgrade
from wherry.wire.duplex import ByteStream, Duplex, splice
from wherry.wire.message import Request, Response, text
from wherry.wire.remote import SPDY, VERSION_HEADER
from wherry.wire.spdy_session import SpdySession, SpdyStream
from wherry.wire.websocket import Tunnel, WebSocket

log = logging.getLogger(__name__)

PROTOCOL = "portforward.k8s.io"
TUNNELLED = f"{SPDY}+{PROTOCOL}"

Connect = Callable[[int], Awaitable[ByteStream]]
"""Opens a connection to a port of the pod. What it raises as an OSError goes to the client as text."""


def accept(request: Request, connect: Connect) -> Upgrade | Response:
    """The answer to a port-forward request: the upgrade that it asks for, or why not."""
    if websocket.is_websocket(request):
        return _accept_websocket(request, connect)
    if not request.upgrade or request.headers.get("upgrade").lower() != SPDY.lower():
        return text(400, "Upgrade request required: ask for a WebSocket or for SPDY/3.1")
    offered = request.headers.tokens(VERSION_HEADER)
    if offered and PROTOCOL not in offered:
        return text(
            403, f"unable to negotiate protocol: client supports {offered}, server accepts [{PROTOCOL}]"
        )

    async def serve(duplex: Duplex) -> None:
        await serve_streams(duplex, connect)

    return Upgrade(SPDY, serve, ((VERSION_HEADER, PROTOCOL),))


def _accept_websocket(request: Request, connect: Connect) -> Upgrade | Response:
    offered = request.headers.tokens("sec-websocket-protocol")
    if TUNNELLED in offered:

        async def serve_tunnel(socket: WebSocket) -> None:
            await serve_streams(Tunnel(socket), connect)

        return websocket.accept(request, serve_tunnel, subprotocols=(TUNNELLED,))
    ports = _ports([item for value in request.query.all("ports") for item in value.split(",")])
    if not ports:
        return text(400, 'query parameter "ports" is required: one or more numbers from 1 to 65535')

    async def serve_channels(socket: WebSocket) -> None:
        await _serve_channels(socket, ports, connect)

    return websocket.accept(request, serve_channels, subprotocols=(channels.V4, channels.V4_TEXT))


def _ports(words: Sequence[str]) -> list[int]:
    """The port numbers in `words`, or nothing if one of them is none."""
    ports = [int(word) for word in words if word.isascii() and word.isdigit()]
    return ports if len(ports) == len(words) and all(0 < port < 65536 for port in ports) else []


async def serve_streams(io: ByteStream, connect: Connect) -> None:
    """Serve the SPDY dialect on `io` until the client leaves."""
    waiting: dict[str, SpdyStream] = {}
    async with SpdySession(io, client=False) as session, asyncio.TaskGroup() as group:
        while (stream := await session.accept()) is not None:
            # Clients of the first days sent no requestid: their streams come in pairs, error first.
            request = stream.headers.get("requestid") or str((stream.number - 1) // 4)
            other = waiting.pop(request, None)
            if other is None:
                waiting[request] = stream
                continue
            error, data = (stream, other) if stream.headers.get("streamtype") == "error" else (other, stream)
            group.create_task(_forward(data, error, connect))


async def _forward(data: SpdyStream, error: SpdyStream, connect: Connect) -> None:
    """One connection. Nothing that goes wrong in it may disturb the others."""
    try:
        port = int(data.headers.get("port", ""))
        target = await connect(port)
    except (OSError, ValueError) as problem:
        await _say(error, str(problem))
        data.close()
        return
    await splice(data, target)
    error.finish()


async def _say(error: SpdyStream, message: str) -> None:
    with contextlib.suppress(ConnectionError):  # nobody may be there to hear it
        await error.send(message.encode())
    error.finish()


async def _serve_channels(socket: WebSocket, ports: Sequence[int], connect: Connect) -> None:
    """Port n has channel 2n for data and 2n+1 for errors; each begins with its port, little-endian."""
    as_text = "base64" in socket.subprotocol

    async def put(channel: int, data: bytes) -> None:
        await socket.send(channels.encode(channel, data, text=as_text))

    targets: dict[int, ByteStream] = {}
    for number, port in enumerate(ports):
        await put(2 * number, port.to_bytes(2, "little"))
        await put(2 * number + 1, port.to_bytes(2, "little"))
        try:
            targets[2 * number] = await connect(port)
        except OSError as problem:
            await put(2 * number + 1, str(problem).encode())
    tasks = [asyncio.create_task(_pour(target, channel, put)) for channel, target in targets.items()]
    try:
        while (message := await socket.receive()) is not None:
            channel, data = channels.decode(message)
            if target := targets.get(channel):
                await target.send(data)
    except (ConnectionError, ValueError):
        log.info("A port-forward ended early.", extra={"ports": ports})
    finally:
        for task in tasks:
            task.cancel()
        for target in targets.values():
            target.close()
        if tasks:
            await asyncio.wait(tasks)


async def _pour(source: ByteStream, channel: int, put: Callable[[int, bytes], Awaitable[None]]) -> None:
    try:
        while data := await source.read():
            await put(channel, data)
    except ConnectionError:
        pass  # the other direction notices, too
