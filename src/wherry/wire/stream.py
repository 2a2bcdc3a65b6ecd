"""Stream: an answer whose body comes bit by bit, such as a watch or a log.

A watch pushes: `write` appends to the connection at once, without a task per watcher, and the pusher
sees how much is waiting (`buffered`) and may cut a reader that is too slow (`abort`). A log pulls:
`Stream.of(chunks)` reads an iterator only as fast as the client takes it. So does a large answer that is
made while it is sent, which is `finite`: it is finished even when the server closes, and not waited with
for a client that takes nothing of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Protocol

from wherry.wire.message import HeaderPairs

Callback = Callable[[], None]


class Outlet(Protocol):
    """The connection's side of a stream."""

    @property
    def transport(self) -> asyncio.Transport: ...

    def stream_ended(self, *, whole: bool) -> None: ...


class Stream:
    """What is written before the head has gone out waits for it; what is written after the end is dropped."""

    __slots__ = (
        "_chunked",
        "_cut",
        "_drained",
        "_early",
        "_outlet",
        "_transport",
        "chunks",
        "closed",
        "content_type",
        "finite",
        "headers",
        "on_close",
        "on_pause",
        "on_resume",
        "status",
        "writable",
    )

    def __init__(
        self,
        status: int = 200,
        content_type: str = "application/json",
        headers: HeaderPairs = (),
        *,
        on_close: Callback | None = None,
        on_pause: Callback | None = None,
        on_resume: Callback | None = None,
    ) -> None:
        self.status = status
        self.content_type = content_type
        self.headers = headers
        self.on_close = on_close  # called once, whoever ended the stream
        self.on_pause = on_pause  # the client has fallen behind by more than the transport's high-water mark
        self.on_resume = on_resume
        self.writable = True
        self.closed = False
        self.chunks: AsyncIterable[bytes] | None = None
        self.finite = False  # it comes to an end by itself, and soon
        self._early: list[bytes] = []
        self._outlet: Outlet | None = None
        self._transport: asyncio.Transport | None = None
        self._chunked = True
        self._cut = False
        self._drained: asyncio.Future[None] | None = None

    @classmethod
    def of(
        cls,
        chunks: AsyncIterable[bytes],
        status: int = 200,
        content_type: str = "text/plain; charset=utf-8",
        headers: HeaderPairs = (),
        *,
        finite: bool = False,
    ) -> Stream:
        """A stream of what `chunks` yields; when the client goes away, the iterator is cancelled."""
        stream = cls(status, content_type, headers)
        stream.chunks = chunks
        stream.finite = finite
        return stream

    @property
    def buffered(self) -> int:
        """Bytes written that the client has not taken yet, as far as this side can see."""
        if self._transport is None:
            return sum(map(len, self._early))
        return self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Send `data` as one chunk. Join what is ready: eight events cost hardly more than one."""
        if self.closed or not data:
            return
        if self._transport is None:
            self._early.append(data)
        elif self._chunked:
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        else:
            self._transport.write(data)

    def finish(self) -> None:
        """End the body: the client sees a complete answer."""
        self._end(whole=True)

    def abort(self) -> None:
        """End the connection: the client sees that something is missing."""
        self._end(whole=False)

    def _end(self, *, whole: bool) -> None:
        if self.closed:
            return
        self._cut = not whole
        outlet = self._outlet
        self.released()
        if outlet is not None:
            self._say_goodbye(outlet)

    def _say_goodbye(self, outlet: Outlet) -> None:
        if self._chunked and not self._cut:
            outlet.transport.write(b"0\r\n\r\n")
        outlet.stream_ended(whole=not self._cut)

    async def drain(self) -> None:
        """Wait until the client has caught up or is gone."""
        if self.writable or self.closed:
            return
        if self._drained is None:
            self._drained = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._drained)

    # What follows is called by the connection.

    def opened(self, outlet: Outlet, *, chunked: bool) -> None:
        """The head is out. A stream that was ended before that ends now."""
        ended, self.closed = self.closed, False
        self._transport, self._chunked = outlet.transport, chunked
        early, self._early = b"".join(self._early), []
        self.write(early)
        if ended:
            self.closed = True
            self._say_goodbye(outlet)
        else:
            self._outlet = outlet

    def paused(self) -> None:
        self.writable = False
        if self.on_pause is not None:
            self.on_pause()

    def resumed(self) -> None:
        self.writable = True
        self._wake()
        if self.on_resume is not None:
            self.on_resume()

    def released(self) -> None:
        """The connection is gone, or the end is written."""
        if self.closed:
            return
        self.closed = True
        self._outlet = None
        self._wake()
        # Forgotten before it is called: it mostly belongs to whoever writes here, which would be a circle.
        on_close, self.on_close = self.on_close, None
        if on_close is not None:
            on_close()

    def _wake(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None


async def pump(stream: Stream, chunks: AsyncIterable[bytes]) -> None:
    """Write what `chunks` yields to `stream`, no faster than the client reads."""
    async for chunk in chunks:
        stream.write(chunk)
        if not stream.writable:
            await stream.drain()
        if stream.closed:
            return
    stream.finish()
