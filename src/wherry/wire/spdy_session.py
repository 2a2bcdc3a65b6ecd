"""Spdy session: SPDY/3.1 streams over any ByteStream, as server or as client.

    async with SpdySession(duplex, client=False) as session:
        while (stream := await session.accept()) is not None:
            ...

Flow control is honoured towards those who take part in it, which they show by SETTINGS or WINDOW_UPDATE.
kubectl and the container runtimes do not: they never widen a window, so waiting for it would stop every
transfer after 64 KiB. Against them, the connection itself is the brake: it is not read while too much
lies unread in its streams. The window of the whole session (stream 0) is not used by anyone here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from wherry.wire import spdy
from wherry.wire.duplex import ByteStream

WINDOW = 256 * 1024  # bytes that a flow-controlled sender may send ahead on each stream
UNREAD_LIMIT = 4 * 1024 * 1024  # bytes unread in all streams, before the connection is no longer read
STREAM_LIMIT = 1000
PIECE = 32 * 1024  # bytes in one DATA frame


class SpdyStream:
    """One stream: a ByteStream with headers."""

    def __init__(self, session: SpdySession, number: int, headers: Mapping[str, str]) -> None:
        self.number = number
        self.headers = headers  # names in lower case
        self.replied = False
        self._session = session
        self._unread = bytearray()
        self._owed = 0  # bytes read since the window was last widened
        self._window = session.peer_window
        self._local_end = False
        self._remote_end = False
        self._broken = ""
        self._news = asyncio.Event()  # set at every change; whoever waits clears it first

    async def read(self) -> bytes:
        while not self._unread and not self._remote_end:
            self._check()
            await self._wait()
        data = bytes(self._unread)
        self._unread.clear()
        self._session.was_read(self, len(data))
        return data

    def write(self, data: bytes) -> None:
        self._check()
        if self._local_end:
            raise ConnectionResetError(f"stream {self.number} is finished: nothing more can be sent on it")
        self._window -= len(data)
        self._session.put(spdy.Data(self.number, data))

    async def drain(self) -> None:
        await self._session.io.drain()

    async def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            while (room := self._room()) <= 0:
                self._check()
                await self._wait()
            self.write(bytes(view[: min(PIECE, room)]))
            view = view[min(PIECE, room) :]
            await self.drain()

    def _room(self) -> int:
        return self._window if self._session.peer_controls_flow else PIECE

    def finish(self) -> None:
        if self._local_end or self._broken:
            return
        self._local_end = True
        self._session.put_last(spdy.Data(self.number, b"", fin=True))
        self._forget_if_over()

    def close(self) -> None:
        """Finish; if the other side has not, tell it that nobody listens any more."""
        self.finish()
        if not self._remote_end:
            self.reset()

    def reset(self, status: int = spdy.CANCEL) -> None:
        if not self._broken and not (self._local_end and self._remote_end):
            self._session.put_last(spdy.RstStream(self.number, status))
            self.broke("it was reset by this side")

    async def reply(self) -> None:
        """Wait until the other side has accepted the stream."""
        while not self.replied:
            self._check()
            await self._wait()

    def _check(self) -> None:
        if self._broken:
            raise ConnectionResetError(f"stream {self.number} broke: {self._broken}")

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()

    # Called by the session.

    def received(self, data: bytes, fin: bool) -> None:
        self._unread += data
        if fin:
            self._remote_end = True
            self._forget_if_over()
        self._news.set()

    def accepted(self) -> None:
        self.replied = True
        self._news.set()

    def widened(self, delta: int) -> None:
        self._window += delta
        self._news.set()

    def broke(self, why: str) -> None:
        if not self._broken and not (self._local_end and self._remote_end):
            self._broken = why
        self._session.forget(self)
        self._news.set()

    def owes(self, size: int) -> int:
        """How much to widen the other side's window, now that `size` more bytes have been read."""
        self._owed += size
        if self._owed < WINDOW // 2 or self._remote_end:
            return 0
        owed, self._owed = self._owed, 0
        return owed

    @property
    def unread(self) -> int:
        return len(self._unread)

    def _forget_if_over(self) -> None:
        if self._local_end and self._remote_end:
            self._session.forget(self)


class SpdySession:
    """All streams of one connection. As a context manager it reads the connection; leaving closes it."""

    def __init__(self, io: ByteStream, *, client: bool) -> None:
        self.io = io
        self.peer_window = spdy.DEFAULT_WINDOW
        self.peer_controls_flow = False
        self._client = client
        self._encoder = spdy.Encoder()
        self._decoder = spdy.Decoder()
        self._streams: dict[int, SpdyStream] = {}
        self._next = 1 if client else 2
        self._newest = 0  # the newest stream that the other side has opened
        self._incoming: asyncio.Queue[SpdyStream | None] = asyncio.Queue()
        self._unread = 0
        self._was_read = asyncio.Event()
        self._leaving = False  # GOAWAY came: no new streams
        self._over = False
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.put(spdy.Settings(((spdy.INITIAL_WINDOW_SIZE, WINDOW),)))
        self._reader = asyncio.create_task(self._read_all())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._reader is not None
        self._reader.cancel()
        self.put_last(spdy.GoAway(self._newest))
        self.io.close()
        await asyncio.wait([self._reader])

    async def open(self, headers: Mapping[str, str], *, fin: bool = False) -> SpdyStream:
        """A new stream; data may follow at once, `stream.reply()` waits until it is accepted."""
        if self._over or self._leaving:
            raise ConnectionResetError("the SPDY session is over: no new streams")
        number, self._next = self._next, self._next + 2
        stream = SpdyStream(self, number, dict(headers))
        self._streams[number] = stream
        self.put(spdy.SynStream(number, tuple(headers.items()), fin=fin))
        if fin:
            stream._local_end = True
        await self.io.drain()
        return stream

    async def accept(self) -> SpdyStream | None:
        """The next stream that the other side opens; None at the end of the session."""
        if self._over and self._incoming.empty():
            return None
        return await self._incoming.get()

    async def _read_all(self) -> None:
        why = "the connection ended"
        try:
            while data := await self.io.read():
                for frame in self._decoder.feed(data):
                    self._handle(frame)
                while self._unread > UNREAD_LIMIT:
                    self._was_read.clear()
                    await self._was_read.wait()
        except ConnectionError as error:
            why = str(error)
        finally:
            self._end(why)

    def _end(self, why: str) -> None:
        self._over = True
        for stream in list(self._streams.values()):
            stream.broke(why)
        self._incoming.put_nowait(None)

    def _handle(self, frame: spdy.Frame) -> None:
        match frame:
            case spdy.Data(number, data, fin):
                self._data(number, data, fin)
            case spdy.SynStream():
                self._opened(frame)
            case spdy.SynReply(number, _, fin):
                if stream := self._streams.get(number):
                    stream.accepted()
                    stream.received(b"", fin)
            case spdy.MoreHeaders(number, _, fin):
                if stream := self._streams.get(number):
                    stream.received(b"", fin)
            case spdy.RstStream(number, status):
                if stream := self._streams.get(number):
                    stream.broke(f"the other side reset it with status {status}")
            case spdy.WindowUpdate(number, delta):
                self.peer_controls_flow = True
                if stream := self._streams.get(number):
                    stream.widened(delta)
            case spdy.Settings(values):
                self._settings(dict(values))
            case spdy.Ping(number):
                if number % 2 != self._client:
                    self.put_last(frame)
            case spdy.GoAway():
                self._leaving = True
                if not self._streams:
                    self._incoming.put_nowait(None)

    def _data(self, number: int, data: bytes, fin: bool) -> None:
        stream = self._streams.get(number)
        if stream is None or stream._remote_end:
            return  # reset or finished a moment ago
        self._unread += len(data)
        stream.received(data, fin)

    def _opened(self, frame: spdy.SynStream) -> None:
        number = frame.stream
        if number % 2 == self._client or number <= self._newest:
            self.put_last(spdy.RstStream(number, spdy.PROTOCOL_ERROR))
            return
        self._newest = number
        if self._leaving or len(self._streams) >= STREAM_LIMIT:
            self.put_last(spdy.RstStream(number, spdy.REFUSED_STREAM))
            return
        stream = SpdyStream(self, number, dict(frame.headers))
        stream.replied = True
        self._streams[number] = stream
        stream._local_end = frame.unidirectional
        if not frame.unidirectional:
            self.put_last(spdy.SynReply(number))
        stream.received(b"", frame.fin)
        self._incoming.put_nowait(stream)

    def _settings(self, values: dict[int, int]) -> None:
        if (window := values.get(spdy.INITIAL_WINDOW_SIZE)) is None:
            return
        self.peer_controls_flow = True
        delta, self.peer_window = window - self.peer_window, window
        for stream in self._streams.values():
            stream.widened(delta)

    # Called by streams.

    def put(self, frame: spdy.Frame) -> None:
        self.io.write(self._encoder.encode(frame))

    def put_last(self, frame: spdy.Frame) -> None:
        """Send what does not matter to anyone if the connection is gone."""
        try:
            self.put(frame)
        except ConnectionError:
            self._over = True

    def was_read(self, stream: SpdyStream, size: int) -> None:
        if stream.number in self._streams:
            self._unread -= size
            self._was_read.set()
        if delta := stream.owes(size):
            self.put_last(spdy.WindowUpdate(stream.number, delta))

    def forget(self, stream: SpdyStream) -> None:
        """A stream is over. What lies unread in it can still be read, but stops nobody any more."""
        if self._streams.pop(stream.number, None) is None:
            return
        self._unread -= stream.unread
        self._was_read.set()
        if self._leaving and not self._streams:
            self._incoming.put_nowait(None)
