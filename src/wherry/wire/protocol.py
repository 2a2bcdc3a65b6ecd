"""Protocol: one HTTP/1.1 connection, from bytes to the handler and back.

httptools cuts the bytes into requests; complete ones queue up and are answered one after the other. A
handler that can answer at once returns its Response, and the bytes leave in the same turn of the loop
without a task; one that cannot returns an awaitable, which runs as a task of this connection.

    head → body → queue → handler → Response          back to head
                                  → Stream            back to head when it is finished
                                  → Upgrade           the transport gets another protocol for good
    anything wrong → an answer in its turn, then everything further is read and dropped for a moment
    (a close with unread bytes would reset the connection and could destroy the answer on its way)
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Coroutine
from typing import TYPE_CHECKING, Any, cast

import httptools

from wherry.wire.answer import Answer, Upgrade
from wherry.wire.duplex import Duplex, end
from wherry.wire.message import (
    Headers,
    Request,
    Response,
    header_lines,
    opening,
    status_line,
    text,
)
from wherry.wire.stream import Stream, pump

if TYPE_CHECKING:
    from wherry.wire.server import Server

__all__ = ["Answer", "HttpProtocol", "Upgrade"]

log = logging.getLogger(__name__)

JOINED = 64 * 1024  # bodies up to this many bytes are copied behind their head: one write is cheaper than two
BODILESS = frozenset({204, 304})


class Refusal(Exception):
    """Raised while a request is being read: `response` is all its sender gets."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class HttpProtocol(asyncio.Protocol):
    """One accepted connection."""

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self._server = server
        self._handler = server.handler
        self._limits = server.limits
        self._loop = server.loop
        self._parser = httptools.HttpRequestParser(self)
        self.scratch: Any = None
        self._certificate: bytes | None = None
        self._certificate_known = False
        # The request being received.
        self._url = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._body_size = 0
        self._head_size = 0
        self._in_head = True
        self._receiving = False
        self._continue_due = False
        # Requests received, the one being answered, and how.
        self._queue: deque[Request | Response] = deque()
        self._current: Request | None = None
        self._stream: Stream | None = None
        self._task: asyncio.Task[None] | None = None
        # The connection.
        self._leftover: bytearray | None = (
            None  # not None: HTTP has ended, these bytes belong to what follows
        )
        self._handed_over = False
        self._discarding = False
        self._last = False
        self._closing = False
        self._read_paused = False
        self._write_paused = False
        self._stamp = 0.0
        self._stalled_at = -1
        self._timer: asyncio.TimerHandle | None = None

    # The connection, as handlers see it.

    @property
    def address(self) -> tuple[str, int]:
        peer = self.transport.get_extra_info("peername")
        return (peer[0], peer[1]) if isinstance(peer, tuple) else ("", 0)

    @property
    def certificate(self) -> bytes | None:
        if not self._certificate_known:
            self._certificate_known = True
            tls = self.transport.get_extra_info("ssl_object")
            self._certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        return self._certificate

    # Called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._stamp = self._loop.time()
        self._server.connections.add(self)
        if self._server.closing:
            self.transport.abort()
        self._timer = self._loop.call_later(self._limits.pace, self._check_time)

    def data_received(self, data: bytes) -> None:
        if self._leftover is not None:
            self._leftover += data
            return
        if self._discarding:
            return
        if not self._receiving:
            self._stamp = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._leave_http(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(error)
        if self._in_head:
            self._head_size += len(data)
            if self._head_size > self._limits.head and not self._discarding:
                self._refuse(Refusal(text(431, "Request Header Fields Too Large")))
        if self._current is None:
            self._advance()
        if self._queue:
            self._steer_reading()

    def eof_received(self) -> bool:
        """A client that has sent its last request may still wait for the answer. One that watches is gone."""
        if self._discarding or self._endless or (self._current is None and not self._queue):
            return False
        self._last = True
        return self.transport.can_write_eof()

    def pause_writing(self) -> None:
        self._write_paused = True
        self._stalled_at = -1
        if self._stream is not None:
            self._stream.paused()

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._stream is not None:
            self._stream.resumed()
        elif self._current is None:
            self._advance()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.released()
        # Parser and request point back here. Without these circles a connection's memory, with TLS
        # 20 KB, is free at once, and not only when the collector looks at what is old.
        self._discarding = True
        self._current = None
        del self._parser

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._server.forget(self)

    # Called by the parser.

    def on_message_begin(self) -> None:
        self._receiving = True

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_size = 0
        for name, value in self._fields:
            size = len(name)
            if size == 14 and name.lower() == b"content-length" and int(value) > self._limits.body:
                raise Refusal(self._too_large())
            if size == 6 and value.lower() == b"100-continue" and name.lower() == b"expect":
                self._continue_due = True
        if self._continue_due and self._current is None and not self._queue:
            self._continue()

    def on_body(self, data: bytes) -> None:
        self._body_size += len(data)
        if self._body_size > self._limits.body:
            raise Refusal(self._too_large())
        self._body.append(data)

    def on_message_complete(self) -> None:
        parser = self._parser
        body = self._body
        version = parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise Refusal(text(400, "400 Bad Request"))
        request = Request(
            METHODS.get(method := parser.get_method()) or method.decode(),
            self._url.decode("latin-1"),
            Headers(self._fields),
            self,
            body=b"" if not body else body[0] if len(body) == 1 else b"".join(body),
            keep_alive=parser.should_keep_alive(),
            old=version == "1.0",
            upgrade=parser.should_upgrade(),
        )
        self._url = b""
        self._fields = []
        if body:
            self._body = []
            self._body_size = 0
        self._in_head = True
        self._receiving = self._continue_due = False
        self._queue.append(request)

    def _too_large(self) -> Response:
        return text(413, f"Request entity too large: limit is {self._limits.body}")

    def _continue(self) -> None:
        self._continue_due = False
        if self._parser.get_http_version() != "1.0":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, error: Exception) -> None:
        """Answer in turn, behind the requests before it, and read nothing more."""
        cause = error if isinstance(error, Refusal) else error.__context__
        response = cause.response if isinstance(cause, Refusal) else text(400, "400 Bad Request")
        self._discarding = True
        self._receiving = False
        self._queue.append(response)

    def _leave_http(self, leftover: bytes) -> None:
        """The newest request asks for an upgrade. Nobody here speaks HTTP/2, so that wish is passed over."""
        request = self._queue[-1]
        assert isinstance(request, Request)
        if request.headers.get("upgrade").lower() == "h2c":
            self._queue.pop()
            self._parser = httptools.HttpRequestParser(self)
            self._parser.feed_data(_without_upgrade(request))
            self._parser.feed_data(leftover)
        else:
            self._leftover = bytearray(leftover)
            self._steer_reading()

    # Answering.

    def _advance(self) -> None:
        """Answer what is waiting until something has to wait."""
        while self._queue and self._current is None and not self._write_paused:
            item = self._queue.popleft()
            if isinstance(item, Response):
                self._write(item, None)
                self._close_after_lingering()
                return
            self._current = item
            try:
                answer = self._handler(item)
            except Exception as error:
                answer = self._failed(item, error)
            if answer.__class__ is Response or isinstance(answer, Response | Stream | Upgrade):
                rest = self._answer(item, answer)
            else:
                rest = self._answer_later(item, answer)
            if rest is not None:
                self._task = self._loop.create_task(rest)
                self._task.add_done_callback(self._task_done)
        if self._continue_due and self._current is None and not self._queue:
            self._continue()
        self._steer_reading()

    def _task_done(self, task: asyncio.Task[None]) -> None:
        if self._task is task:
            self._task = None
        self._go_on()

    def _go_on(self) -> None:
        if self._current is None and not self._handed_over and not self.transport.is_closing():
            self._advance()

    async def _answer_later(self, request: Request, coming: Awaitable[Answer]) -> None:
        try:
            answer = await coming
        except Exception as error:
            answer = self._failed(request, error)
        self._stamp = self._loop.time()
        if (rest := self._answer(request, answer)) is not None:
            await rest

    def _failed(self, request: Request, error: Exception) -> Response:
        log.error(
            "A handler failed.", exc_info=error, extra={"method": request.method, "target": request.target}
        )
        return text(500, "Internal Server Error: the server's log says more")

    def _answer(self, request: Request, answer: Answer) -> Coroutine[Any, Any, None] | None:
        """Send an answer, or its beginning: what is returned does the rest."""
        if self.transport.is_closing():
            self._current = None
            if isinstance(answer, Stream):
                answer.released()
            return None
        try:
            if isinstance(answer, Stream):
                return self._open(answer, request)
            if isinstance(answer, Upgrade):
                if request.upgrade:
                    return self._tunnel(self._switched(answer), answer)
                answer = text(400, f"this path speaks {answer.protocol}: ask for it in an Upgrade header")
            self._write(answer, request)
        except ValueError as error:  # a header that cannot be sent; nothing has been sent yet
            self._write(self._failed(request, error), request)
        self._current = None
        if self._ends(request):
            end(self.transport)
        return None

    @property
    def _endless(self) -> bool:
        """Whether what is being sent goes on until somebody ends it."""
        return self._stream is not None and not self._stream.finite

    def _ends(self, request: Request) -> bool:
        """Whether the connection ends with the answer to `request`."""
        return (
            not request.keep_alive
            or self._closing
            or (self._last and not self._queue)
            or self._leftover is not None
        )

    def _write(self, response: Response, request: Request | None) -> None:
        body = response.body
        head = opening(response.status, response.content_type) + self._server.date()
        if response.headers:
            head += header_lines(response.headers)
        if request is None or self._ends(request):
            head += b"Connection: close\r\n"
        elif request.old:
            head += b"Connection: keep-alive\r\n"
        if response.status in BODILESS:
            head += b"\r\n"
            body = b""
        else:
            head += b"Content-Length: %d\r\n\r\n" % len(body)
        if request is not None and request.method == "HEAD":
            self.transport.write(head)
        elif len(body) <= JOINED:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            self.transport.write(body)

    def _open(self, stream: Stream, request: Request) -> Coroutine[Any, Any, None] | None:
        """Send the head of a stream and connect it."""
        chunked = not request.old
        if not chunked:
            request.keep_alive = False
        head = (
            opening(stream.status, stream.content_type) + self._server.date() + header_lines(stream.headers)
        )
        if self._ends(request):
            head += b"Connection: close\r\n"
        head += b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"\r\n"
        self.transport.write(head)
        if request.method == "HEAD":
            stream.released()
            self.stream_ended(whole=True)
            return None
        if not stream.closed:
            self._stream = stream
        stream.opened(self, chunked=chunked)
        if self._closing and not stream.finite:
            stream.finish()
        return self._pump(stream) if stream.chunks is not None and not stream.closed else None

    async def _pump(self, stream: Stream) -> None:
        assert stream.chunks is not None
        try:
            await pump(stream, stream.chunks)
        except Exception:
            log.exception("A stream broke off.")
            stream.abort()

    def stream_ended(self, *, whole: bool) -> None:
        """Called by the stream when its owner has ended it."""
        request, self._current, self._stream = self._current, None, None
        self._stamp = self._loop.time()
        if not whole:
            self.transport.abort()
        elif request is None or self._ends(request):
            end(self.transport)
        else:
            self._loop.call_soon(self._go_on)

    def _switched(self, upgrade: Upgrade) -> Duplex:
        """Say 101 and hand the transport over; this protocol hears no more of it."""
        head = status_line(101) + header_lines(
            (("Connection", "Upgrade"), ("Upgrade", upgrade.protocol), *upgrade.headers)
        )
        self.transport.write(head + b"\r\n")
        duplex = Duplex(self.transport, bytes(self._leftover or b""))
        self._resume_reading()
        self._handed_over = True
        self._forget()
        return duplex

    async def _tunnel(self, duplex: Duplex, upgrade: Upgrade) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._server.tunnels.add(task)
        try:
            await upgrade.serve(duplex)
        except ConnectionError:
            pass  # the client left first
        except Exception:
            log.exception("An upgraded connection broke off.")
        finally:
            self._server.tunnels.discard(task)
            duplex.close()

    # Time and pressure.

    def _steer_reading(self) -> None:
        """Read only what can be worked on: a client that pipelines faster than it reads has to wait."""
        if self._handed_over:
            return
        wanted = not self._queue and not self._write_paused and self._leftover is None
        if wanted and self._read_paused:
            self._resume_reading()
        elif not wanted and not self._read_paused and not self.transport.is_closing():
            self._read_paused = True
            self.transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._read_paused:
            self._read_paused = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    def _close_after_lingering(self) -> None:
        self._last = True
        self._resume_reading()
        self._loop.call_later(self._limits.linger, self.transport.close)

    def _patience(self) -> float:
        limits = self._limits
        if self._receiving:
            return limits.receive if self._in_head else limits.receive_body
        return limits.idle

    def _check_time(self) -> None:
        """Rather than a timer for every request, one that now and then compares the stamp."""
        limits = self._limits
        left = limits.pace
        if self.transport.is_closing() or (self._write_paused and not self._endless):
            left = limits.stall
            waiting = self.transport.get_write_buffer_size()
            if 0 <= self._stalled_at <= waiting:
                self.transport.abort()
                return
            self._stalled_at = waiting
        elif self._current is None:
            due = self._stamp + self._patience() - self._loop.time()
            if due <= 0:
                end(self.transport)
            else:
                left = min(left, due)
        self._timer = self._loop.call_later(left, self._check_time)

    def shut_down(self) -> None:
        """Finish what is being answered, end streams, then close."""
        self._closing = True
        if self._stream is not None and not self._stream.finite:
            self._stream.finish()
        elif self._current is None and not self._receiving:
            end(self.transport)


METHODS = {
    name.encode(): name
    for name in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT")
}


def _without_upgrade(request: Request) -> bytes:
    """The head of `request` once more, without the fields that ask for another protocol."""
    kept = [
        name + b": " + value
        for name, value in request.headers.raw
        if name.lower() not in (b"upgrade", b"connection", b"http2-settings", b"expect")
    ]
    line = f"{request.method} {request.target} HTTP/1.1".encode("latin-1")
    return b"\r\n".join([line, *kept, b"", b""])
