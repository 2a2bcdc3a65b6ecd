"""Exchange: one client connection, and the one answer at a time that comes through it."""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from typing import cast

import httptools

from wherry.wire.duplex import Duplex
from wherry.wire.message import Headers

HIGH_WATER = 256 * 1024  # bytes of a streamed body received and not yet read, before the server has to wait
GZIP = 16 + zlib.MAX_WBITS


class BrokenExchange(ConnectionError):
    """The connection ended before the answer did. `answered`: some of the answer had arrived."""

    def __init__(self, why: str, *, answered: bool) -> None:
        super().__init__(why)
        self.answered = answered


class ClientProtocol(asyncio.Protocol):
    """Send a request, then wait for `head()`, then `chunk()` until it gives b""."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._fields: list[tuple[bytes, bytes]] = []
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._bodiless = False
        self._sized = False
        self._answered = False
        self._headed = False
        self._done = True  # no answer is being waited for
        self._waiter: asyncio.Future[None] | None = None
        self._failure: BrokenExchange | None = None
        self._paused = False
        self._write_paused = False
        self._inflate: zlib._Decompress | None = None
        self.status = 0
        self.headers = Headers([])
        self.leftover: bytes | None = None  # not None: the server switched protocols
        self.uses = 0
        self.idle_since = 0.0
        self.reusable = True

    def send(self, head: bytes, body: bytes, *, bodiless: bool) -> None:
        """Write a request; `bodiless`: the answer is a head alone, whatever it says."""
        self._fields = []
        self._chunks.clear()  # what nobody read of the answer before
        self._buffered = 0
        self._bodiless = bodiless
        self._answered = self._headed = self._done = self._sized = False
        self._inflate = None
        self.uses += 1
        if len(body) <= HIGH_WATER:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            self.transport.write(body)

    async def head(self) -> None:
        """Wait for the head of the answer."""
        while not self._headed:
            await self._news()

    async def chunk(self) -> bytes:
        """The next piece of the body, decoded; b"" at its end."""
        while True:
            while not self._chunks:
                if self._done:
                    return b""
                await self._news()
            data = self._take()
            if self._inflate is None:
                return data
            if plain := self._inflate.decompress(data):
                return plain

    def _take(self) -> bytes:
        if len(self._chunks) == 1:
            data = self._chunks.popleft()
        else:
            data = b"".join(self._chunks)
            self._chunks.clear()
        self._buffered = 0
        self._resume()
        return data

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    async def body(self) -> bytes:
        """All of the body."""
        while not self._done:
            self._resume()  # the whole body is wanted, however large
            await self._news()
        data = b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        return self._inflate.decompress(data) if self._inflate is not None and data else data

    async def _news(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def complete(self) -> bool:
        return self._done

    @property
    def open(self) -> bool:
        return self._failure is None and not self.transport.is_closing()

    def duplex(self) -> Duplex:
        """The connection as bytes, after the server has switched protocols."""
        return Duplex(self.transport, self.leftover or b"")

    # Called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.leftover is not None:
            self.leftover += data
            return
        if self._done:  # bytes nobody asked for
            self._fail("the server sent bytes without being asked")
            return
        self._answered = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.leftover = data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            self._fail(f"the server's answer is not HTTP/1.1: {error}")
        self._wake()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._headed and not self._done and not self._sized and exc is None:
            self._done = True  # a body that ends with its connection
        if self._failure is None:
            why = str(exc) if exc is not None and str(exc) else "the server closed the connection"
            self._failure = BrokenExchange(why, answered=self._answered)
        self._wake()

    def _fail(self, why: str) -> None:
        self._failure = BrokenExchange(why, answered=self._answered)
        self.transport.abort()
        self._wake()

    # Called by the parser.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 and status != 101:
            return
        self.status = status
        self.headers = Headers(self._fields)
        self._sized = "content-length" in self.headers or "transfer-encoding" in self.headers
        if self.headers.get("content-encoding").lower() == "gzip":
            self._inflate = zlib.decompressobj(GZIP)
        self.reusable = self._parser.should_keep_alive() and not self._bodiless
        self._headed = True
        self._done = self._bodiless

    def on_body(self, data: bytes) -> None:
        self._chunks.append(data)
        self._buffered += len(data)
        if self._buffered > HIGH_WATER and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        if self._headed:
            self._done = True
            self._resume()  # the end of a large body may be what it was paused at
        else:
            self._fields = []  # 100 Continue: the answer proper is still to come
