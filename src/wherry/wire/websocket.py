"""WebSocket: messages on an upgraded connection (RFC 6455), server side and client side.

    def handle(request: Request) -> Upgrade | Response:
        return accept(request, serve, subprotocols=("v5.channel.k8s.io", "v4.channel.k8s.io"))

    async def serve(socket: WebSocket) -> None:
        while (message := await socket.receive()) is not None:
            await socket.send(message)

Pings are answered while somebody waits in `receive`, so keep one task there. permessage-deflate is not
offered: what runs here is short, or already compressed.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import os
from collections.abc import Awaitable, Callable, Sequence

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.utilities import LocalProtocolError

from wherry.wire.answer import Upgrade
from wherry.wire.client import HttpClient, Reply, UpgradeRefused
from wherry.wire.duplex import Duplex
from wherry.wire.message import HeaderPairs, Request, Response, text

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MESSAGE_LIMIT = 32 * 1024 * 1024  # bytes
GOODBYE = 1.0  # seconds for the other side to answer a close

NORMAL, GOING_AWAY, PROTOCOL_ERROR, TOO_BIG, INTERNAL_ERROR = 1000, 1001, 1002, 1009, 1011
ABNORMAL = 1006  # never sent: the connection ended without a close


class WebSocket:
    """One end of an established WebSocket. One task receives; any may send."""

    def __init__(
        self, duplex: Duplex, *, client: bool, subprotocol: str = "", limit: int = MESSAGE_LIMIT
    ) -> None:
        self.subprotocol = subprotocol
        self.close_code: int | None = None  # why the other side ended, once it has
        self.close_reason = ""
        self._duplex = duplex
        self._engine = Connection(ConnectionType.CLIENT if client else ConnectionType.SERVER)
        self._limit = limit
        self._messages: list[bytes | str] = []
        self._parts: list[bytes | str] = []
        self._size = 0
        self._receiving = False

    async def receive(self) -> bytes | str | None:
        """The next message, whole: bytes for a binary one, str for a text one; None after the end."""
        while not self._messages and self.close_code is None:
            await self._more()
        return self._messages.pop(0) if self._messages else None

    async def _more(self) -> None:
        self._receiving = True
        try:
            data = await self._duplex.read()
        except ConnectionError:
            data = b""
        finally:
            self._receiving = False
        self._engine.receive_data(data or None)
        for event in self._engine.events():
            self._handle(event)

    def _handle(self, event: Event) -> None:
        match event:
            case BytesMessage() | TextMessage():
                self._collect(event)
            case Ping():
                self._put(event.response())
            case CloseConnection():
                self._closed(event)

    def _collect(self, event: BytesMessage | TextMessage) -> None:
        self._size += len(event.data)
        if self._size > self._limit:
            self._parts, self.close_code = [], TOO_BIG
            self.end(TOO_BIG, f"messages may have {self._limit} bytes")
            return
        self._parts.append(event.data if isinstance(event.data, str) else bytes(event.data))
        if event.message_finished:
            empty: bytes | str = "" if isinstance(event, TextMessage) else b""
            whole = self._parts[0] if len(self._parts) == 1 else empty.join(self._parts)  # type: ignore[arg-type]  # all parts of a message are of one kind
            self._messages.append(whole)
            self._parts, self._size = [], 0

    def _closed(self, event: CloseConnection) -> None:
        if self.close_code is None:
            self.close_code = int(event.code)
            self.close_reason = event.reason or ""
        if self._engine.state is ConnectionState.REMOTE_CLOSING:
            self._put(event.response())
        elif self._engine.state is ConnectionState.OPEN:  # what came is no WebSocket: say so
            self.end(self.close_code, self.close_reason)
        self._duplex.close()

    def _put(self, event: Event) -> None:
        """Send what the protocol asks for; when the other side is gone, the next `receive` says so."""
        try:
            self._duplex.write(self._engine.send(event))
        except (ConnectionError, LocalProtocolError):
            self._duplex.close()

    def write(self, data: bytes | str) -> None:
        """Send a message without waiting. ConnectionError once the WebSocket is closing."""
        event = TextMessage(data) if isinstance(data, str) else BytesMessage(data)
        try:
            self._duplex.write(self._engine.send(event))
        except LocalProtocolError as error:
            raise ConnectionResetError("the WebSocket is closed") from error

    async def drain(self) -> None:
        await self._duplex.drain()

    async def send(self, data: bytes | str) -> None:
        """Send a message, then wait while the other side is slow."""
        self.write(data)
        await self._duplex.drain()

    async def ping(self, payload: bytes = b"") -> None:
        self._put(Ping(payload))
        await self._duplex.drain()

    @property
    def buffered(self) -> int:
        """Bytes sent that the other side has not taken yet."""
        return self._duplex.buffered

    def end(self, code: int = NORMAL, reason: str = "") -> None:
        """Say goodbye and close without waiting for an answer."""
        if self._engine.state is ConnectionState.OPEN:
            self._put(CloseConnection(code, reason[:120]))
        self._duplex.close()

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say goodbye, wait a moment for the answer, close."""
        if self._engine.state is ConnectionState.OPEN:
            self._put(CloseConnection(code, reason[:120]))
        try:
            async with asyncio.timeout(GOODBYE):
                if self._receiving:
                    await self._duplex.wait_closed()
                while self.close_code is None:
                    await self._more()
        except TimeoutError:
            pass  # it has had its chance
        self._duplex.close()


class Tunnel:
    """A ByteStream inside the binary messages of a WebSocket."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        while (message := await self._socket.receive()) is not None:
            if message:
                return message if isinstance(message, bytes) else message.encode()
        return b""

    def write(self, data: bytes) -> None:
        self._socket.write(data)

    async def drain(self) -> None:
        await self._socket.drain()

    async def send(self, data: bytes) -> None:
        await self._socket.send(data)

    def finish(self) -> None:
        self._socket.end()  # WebSockets have no half-close

    def close(self) -> None:
        self._socket.end()


def is_websocket(request: Request) -> bool:
    """Whether the request asks for a WebSocket."""
    return request.upgrade and "websocket" in (name.lower() for name in request.headers.tokens("upgrade"))


def accept(
    request: Request,
    serve: Callable[[WebSocket], Awaitable[None]],
    *,
    subprotocols: Sequence[str] = (),
    required: bool = False,
    limit: int = MESSAGE_LIMIT,
    headers: HeaderPairs = (),
) -> Upgrade | Response:
    """The answer that opens a WebSocket on which `serve` then talks, or the one that says why not.

    The first subprotocol that the client offers and `subprotocols` has is chosen. A client that offers
    none gets none, unless one is `required`.
    """
    key = request.headers.get("sec-websocket-key")
    if not is_websocket(request) or request.method != "GET" or not _is_key(key):
        return text(400, "Bad Request: this path wants a WebSocket handshake (RFC 6455)")
    if request.headers.get("sec-websocket-version") != "13":
        return text(426, "WebSocket version 13 is spoken here", (("Sec-WebSocket-Version", "13"),))
    offered = request.headers.tokens("sec-websocket-protocol")
    chosen = next((name for name in offered if name in subprotocols), "")
    if not chosen and (required or (offered and subprotocols)):
        return text(
            400,
            f"unable to negotiate protocol: client supports {offered}, server accepts {list(subprotocols)}",
        )
    answer = [("Sec-WebSocket-Accept", accept_token(key)), *headers]
    if chosen:
        answer.append(("Sec-WebSocket-Protocol", chosen))

    async def open_and_serve(duplex: Duplex) -> None:
        socket = WebSocket(duplex, client=False, subprotocol=chosen, limit=limit)
        try:
            await serve(socket)
            await socket.close()
        except asyncio.CancelledError:
            socket.end(GOING_AWAY, "the server is stopping")
            raise
        except Exception:
            socket.end(INTERNAL_ERROR, "the server failed")
            raise

    return Upgrade("websocket", open_and_serve, answer)


async def connect(
    client: HttpClient,
    path: str,
    *,
    subprotocols: Sequence[str] = (),
    headers: HeaderPairs = (),
    limit: int = MESSAGE_LIMIT,
) -> WebSocket:
    """Open a WebSocket. UpgradeRefused if the server does not want to, Unreachable if there is none."""
    key = base64.b64encode(os.urandom(16)).decode()
    asked = [("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13"), *headers]
    if subprotocols:
        asked.append(("Sec-WebSocket-Protocol", ", ".join(subprotocols)))
    duplex, answer = await client.upgrade("GET", path, "websocket", headers=asked)
    chosen = answer.get("sec-websocket-protocol")
    honest = answer.get("sec-websocket-accept") == accept_token(key)
    if not honest or (chosen and chosen not in subprotocols):
        duplex.abort()
        raise UpgradeRefused(Reply(101, answer, b"the answer does not belong to this handshake"))
    return WebSocket(duplex, client=True, subprotocol=chosen, limit=limit)


def accept_token(key: str) -> str:
    """Proof that the server has read `key`. SHA-1 is what the RFC asks for; nothing secret rests on it."""
    return base64.b64encode(hashlib.sha1(key.encode() + GUID, usedforsecurity=False).digest()).decode()


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
