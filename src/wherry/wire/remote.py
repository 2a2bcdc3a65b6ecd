"""Remote: the far end of exec and attach, whatever it came by: WebSocket channels or SPDY streams.

    def handle(request: Request) -> Upgrade | Response:
        return accept(request, streams_wanted(request.query), run)

    async def run(remote: Remote) -> Mapping[str, Any]:
        ...                      # remote.stdin(), remote.write(STDOUT, data), remote.sizes()
        return exited(3)         # the Status that the client gets last

Both ways end alike: outputs first, the Status after them, then the connection.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from wherry.wire import channels, websocket
from wherry.wire.answer import Upgrade
from wherry.wire.channels import ERROR, RESIZE, STDERR, STDIN, STDOUT, Size
from wherry.wire.duplex import Duplex
from wherry.wire.message import Query, Request, Response, text
from wherry.wire.spdy_session import SpdySession, SpdyStream
from wherry.wire.websocket import WebSocket

STREAMS_TIMEOUT = 30.0  # seconds for a SPDY client to open its streams
STDIN_LIMIT = 1024 * 1024  # bytes of stdin received and not read, before the client has to wait
SPDY = "SPDY/3.1"
VERSION_HEADER = "X-Stream-Protocol-Version"


class Streams(NamedTuple):
    """What the client wants to be connected to."""

    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    tty: bool = False


def streams_wanted(query: Query) -> Streams:
    """From a URL, in the words of the API server (`stdin`) or of the node agent (`input`)."""
    tty = query.flag("tty")
    return Streams(
        query.flag("stdin") or query.flag("input"),
        query.flag("stdout") or query.flag("output"),
        (query.flag("stderr") or query.flag("error")) and not tty,
        tty,
    )


class Remote(ABC):
    """The client's end of a running command."""

    def __init__(self) -> None:
        self._size: Size | None = None
        self._resized = asyncio.Event()
        self._gone = False

    @abstractmethod
    async def stdin(self) -> bytes:
        """Some input; b"" at its end. ConnectionError if the client vanished."""

    @abstractmethod
    async def write(self, channel: int, data: bytes) -> None:
        """Send output (STDOUT or STDERR), then wait while the client is slow."""

    @abstractmethod
    async def finish(self, status: Mapping[str, Any]) -> None:
        """End the outputs and send the Status."""

    async def size(self) -> Size | None:
        """The terminal's next size: only the newest counts. None once the client is gone."""
        while self._size is None and not self._gone:
            self._resized.clear()
            await self._resized.wait()
        size, self._size = self._size, None
        return size

    def _resize(self, data: bytes) -> None:
        if (size := channels.decode_size(data)) is not None:
            self._size = size
            self._resized.set()

    def _leave(self) -> None:
        self._gone = True
        self._resized.set()


Run = Callable[[Remote], Awaitable[Mapping[str, Any]]]


def accept(request: Request, wanted: Streams, run: Run) -> Upgrade | Response:
    """The answer to an exec or attach request: the upgrade that it asks for, or why not."""
    if not (wanted.stdin or wanted.stdout or wanted.stderr):
        return text(400, "you must specify at least 1 of stdin, stdout, stderr")
    if websocket.is_websocket(request):
        return _accept_websocket(request, wanted, run)
    if request.upgrade and request.headers.get("upgrade").lower() == SPDY.lower():
        return _accept_spdy(request, wanted, run)
    return text(400, "Upgrade request required: ask for a WebSocket or for SPDY/3.1")


def error_bytes(status: Mapping[str, Any], version: int) -> bytes:
    """What goes out on the error channel: before version 4, a sentence and only if there is one to say."""
    if version >= 4:
        return json.dumps(status, separators=(",", ":")).encode()
    return b"" if status.get("status") == "Success" else str(status.get("message", "")).encode()


class WebSocketRemote(Remote):
    def __init__(self, socket: WebSocket, wanted: Streams) -> None:
        super().__init__()
        self._socket = socket
        self._version = channels.WEBSOCKET_VERSIONS[socket.subprotocol]
        self._text = "base64" in socket.subprotocol
        self._wanted = wanted
        self._unread: deque[bytes] = deque()
        self._unread_size = 0
        self._stdin_end = not wanted.stdin
        self._news = asyncio.Event()

    async def open(self) -> None:
        """An empty message on the first output tells the client that all is set up."""
        first = STDOUT if self._wanted.stdout else STDERR if self._wanted.stderr else ERROR
        await self.write(first, b"")

    async def receive_all(self) -> None:
        """Sort what the client sends, until it leaves."""
        while (message := await self._socket.receive()) is not None:
            try:
                channel, data = channels.decode(message)
            except ValueError:
                continue
            if channel == STDIN and data and not self._stdin_end:
                self._unread.append(data)
                self._unread_size += len(data)
                self._news.set()
            elif channel == RESIZE:
                self._resize(data)
            elif channel == channels.CLOSE and self._version >= 5 and data[:1] == bytes((STDIN,)):
                self._stdin_end = True
                self._news.set()
            while self._unread_size > STDIN_LIMIT:
                await self._change()
        self._leave()
        self._news.set()

    async def _change(self) -> None:
        self._news.clear()
        await self._news.wait()

    async def stdin(self) -> bytes:
        while not self._unread:
            if self._stdin_end:
                return b""
            if self._gone:
                if self._socket.close_code == websocket.NORMAL:
                    return b""
                raise ConnectionResetError("the client went away")
            await self._change()
        data = b"".join(self._unread)
        self._unread.clear()
        self._unread_size = 0
        self._news.set()
        return data

    async def write(self, channel: int, data: bytes) -> None:
        await self._socket.send(channels.encode(channel, data, text=self._text))

    async def finish(self, status: Mapping[str, Any]) -> None:
        if said := error_bytes(status, self._version):
            await self.write(ERROR, said)


def _accept_websocket(request: Request, wanted: Streams, run: Run) -> Upgrade | Response:
    async def serve(socket: WebSocket) -> None:
        remote = WebSocketRemote(socket, wanted)
        await remote.open()
        receiver = asyncio.create_task(remote.receive_all())
        try:
            await remote.finish(await run(remote))
            await socket.close()
        finally:
            receiver.cancel()
            await asyncio.wait([receiver])

    names = tuple(name for name in channels.WEBSOCKET_VERSIONS if name)
    return websocket.accept(request, serve, subprotocols=names)


class SpdyRemote(Remote):
    def __init__(self, streams: Mapping[str, SpdyStream], version: int) -> None:
        super().__init__()
        self._streams = streams
        self._version = version

    async def stdin(self) -> bytes:
        stream = self._streams.get("stdin")
        return b"" if stream is None else await stream.read()

    async def write(self, channel: int, data: bytes) -> None:
        if stream := self._streams.get({STDOUT: "stdout", STDERR: "stderr"}[channel]):
            await stream.send(data)

    async def finish(self, status: Mapping[str, Any]) -> None:
        for name in ("stdout", "stderr"):
            if stream := self._streams.get(name):
                stream.finish()
        error = self._streams["error"]
        if said := error_bytes(status, self._version):
            await error.send(said)
        error.finish()

    async def receive_sizes(self) -> None:
        stream = self._streams.get("resize")
        try:
            while stream is not None and (data := await stream.read()):
                for line in data.splitlines():
                    self._resize(line)
        except ConnectionError:
            pass  # `size` tells whoever asks
        self._leave()


def _accept_spdy(request: Request, wanted: Streams, run: Run) -> Upgrade | Response:
    offered = request.headers.tokens(VERSION_HEADER)
    chosen = next((name for name in offered if name in channels.SPDY_VERSIONS), "")
    if offered and not chosen:
        known = [name for name in channels.SPDY_VERSIONS if name]
        return text(
            403,
            f"unable to negotiate protocol: client supports {offered}, server accepts {known}",
        )
    version = channels.SPDY_VERSIONS[chosen]

    async def serve(duplex: Duplex) -> None:
        async with SpdySession(duplex, client=False) as session:
            remote = SpdyRemote(await _streams(session, wanted, version), version)
            sizes = asyncio.create_task(remote.receive_sizes())
            try:
                await remote.finish(await run(remote))
                await duplex.drain()
            finally:
                sizes.cancel()
                await asyncio.wait([sizes])

    return Upgrade(SPDY, serve, ((VERSION_HEADER, chosen),) if chosen else ())


async def _streams(session: SpdySession, wanted: Streams, version: int) -> Mapping[str, SpdyStream]:
    """The streams that the client opens: one for errors, and those it said it wants."""
    expected = {"error"}
    expected |= {name for name in ("stdin", "stdout", "stderr") if getattr(wanted, name)}
    if wanted.tty and version >= 3:
        expected.add("resize")
    found: dict[str, SpdyStream] = {}
    try:
        async with asyncio.timeout(STREAMS_TIMEOUT):
            while expected - found.keys():
                stream = await session.accept()
                if stream is None:
                    raise ConnectionResetError("the client left before its streams were open")
                found[stream.headers.get("streamtype", "")] = stream
    except TimeoutError as error:
        raise ConnectionResetError("the client did not open its streams in time") from error
    return found
