"""Server: accepts connections, plain or TLS, and gives every request on them to one handler.

    async def hello(request: Request) -> Response:
        return Response(body=b"{}")

    server = await Server.start(hello, "127.0.0.1", 6443, tls=server_context(certificate, key, client_ca))
    ...
    await server.close(grace=10)

A handler may also be a plain function, or return its Response without being asked to wait: then the
answer leaves at once, without a task. When the client goes away, a waiting handler is cancelled.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from datetime import datetime
from typing import Any

from wherry.machinery.clock import Clock
from wherry.wire.answer import Answer, Handler, Limits, Upgrade
from wherry.wire.duplex import Duplex
from wherry.wire.message import Headers, Query, Request, Response, text
from wherry.wire.protocol import HttpProtocol
from wherry.wire.stream import Stream

__all__ = [
    "Answer",
    "Duplex",
    "Handler",
    "Headers",
    "Limits",
    "PortInUse",
    "Query",
    "Request",
    "Response",
    "Server",
    "Stream",
    "Upgrade",
    "text",
]

BACKLOG = 1024
KEEPALIVE = (
    (socket.TCP_KEEPIDLE, 60),
    (socket.TCP_KEEPINTVL, 15),
    (socket.TCP_KEEPCNT, 4),
)  # seconds, seconds, probes
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class PortInUse(OSError):
    """Another process listens where this one wants to."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            errno.EADDRINUSE,
            f"port {port} on {host} is in use by another process; stop that process "
            f"(`ss -ltnp 'sport = :{port}'` names it) or choose another port",
        )
        self.host = host
        self.port = port


class Server:
    """A listening socket and the connections that came through it."""

    def __init__(self, handler: Handler, limits: Limits, clock: Clock | None) -> None:
        self.handler = handler
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.connections: set[HttpProtocol] = set()
        self.tunnels: set[asyncio.Task[Any]] = set()
        self.closing = False
        self.host = ""
        self.port = 0
        self._clock = clock
        self._date = b""
        self._date_until = 0.0
        self._listener: asyncio.Server | None = None
        self._empty: asyncio.Future[None] | None = None

    @classmethod
    async def start(
        cls,
        handler: Handler,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        limits: Limits = Limits(),
        clock: Clock | None = None,
    ) -> Server:
        """Listen on `host` and `port` (0: any free one, see `server.port`). A clock gives answers a Date."""
        return await cls.on_socket(handler, listening_socket(host, port), tls=tls, limits=limits, clock=clock)

    @classmethod
    async def on_socket(
        cls,
        handler: Handler,
        listener: socket.socket,
        *,
        tls: ssl.SSLContext | None = None,
        limits: Limits = Limits(),
        clock: Clock | None = None,
    ) -> Server:
        """Serve on a socket that somebody else has bound, and take it over."""
        server = cls(handler, limits, clock)
        server.host, server.port = listener.getsockname()[:2]
        server._listener = await server.loop.create_server(
            lambda: HttpProtocol(server),
            sock=listener,
            ssl=tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=limits.handshake if tls else None,
            ssl_shutdown_timeout=limits.linger if tls else None,
        )
        return server

    async def close(self, grace: float = 1.0) -> None:
        """Accept no more, end streams and tunnels, give the rest `grace` seconds to finish, then cut."""
        self.closing = True
        if self._listener is not None:
            self._listener.close()
        tunnels = list(self.tunnels)
        for tunnel in tunnels:
            tunnel.cancel()
        for connection in list(self.connections):
            connection.shut_down()
        if self.connections and grace > 0:
            self._empty = self.loop.create_future()
            await asyncio.wait([self._empty], timeout=grace)
        for connection in list(self.connections):
            connection.transport.abort()
        if tunnels:
            await asyncio.wait(tunnels)

    def forget(self, connection: HttpProtocol) -> None:
        self.connections.discard(connection)
        if self._empty is not None and not self.connections and not self._empty.done():
            self._empty.set_result(None)

    def date(self) -> bytes:
        """The Date header, rendered once a second."""
        if self._clock is None:
            return b""
        now = self.loop.time()
        if now >= self._date_until:
            moment = self._clock.now()
            self._date = b"Date: %b\r\n" % http_date(moment)
            self._date_until = now + 1 - moment.microsecond / 1e6
        return self._date


def http_date(moment: datetime) -> bytes:
    """`Sun, 06 Nov 1994 08:49:37 GMT`, whatever the locale."""
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1]
    return f"{day}, {moment:%d} {month} {moment:%Y %H:%M:%S} GMT".encode()


def listening_socket(host: str, port: int) -> socket.socket:
    """A listening socket. Connections inherit its options: dead peers are noticed after two minutes."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE:
            listener.setsockopt(socket.IPPROTO_TCP, option, value)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port) from error
        raise
    listener.setblocking(False)
    return listener
