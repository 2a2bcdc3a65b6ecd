"""Client: HTTP/1.1 requests to one server over kept-alive connections.

    client = HttpClient("https://127.0.0.1:6443", tls=client_context(ca, certificate, key))
    reply = await client.request("GET", "/api/v1/namespaces/default/pods/web")
    async with client.stream("GET", "/api/v1/pods?watch=true") as answer:
        async for chunk in answer:
            ...
    duplex, headers = await client.upgrade("GET", path, "websocket", headers)

A server that cannot be talked to is an Unreachable; every answer, 500 included, is a Reply.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from wherry.wire.duplex import Duplex
from wherry.wire.exchange import BrokenExchange, ClientProtocol
from wherry.wire.message import HeaderPairs, Headers, header_lines

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
FRESH = 45.0  # seconds: idle connections older than this are not used; servers drop theirs soon after


class Unreachable(ConnectionError):
    """No answer came: the server is down, the network is, or they do not trust each other."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"cannot reach {url}: {why}")
        self.url = url
        self.why = why


class Reply(NamedTuple):
    """A whole answer."""

    status: int
    headers: Headers
    body: bytes


class UpgradeRefused(Exception):
    """The server answered a request for another protocol in HTTP."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"the server refused to switch protocols: {reply.status} {reply.body[:200]!r}")
        self.reply = reply


class StreamReply:
    """An answer whose body is read bit by bit."""

    def __init__(self, connection: ClientProtocol, url: str) -> None:
        self.status = connection.status
        self.headers = connection.headers
        self._connection = connection
        self._url = url

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Pieces of the body as they arrive; Unreachable if the connection breaks before the end."""
        while data := await self.chunk():
            yield data

    async def chunk(self) -> bytes:
        try:
            return await self._connection.chunk()
        except BrokenExchange as error:
            raise Unreachable(self._url, f"the answer broke off: {error}") from error

    async def read(self) -> bytes:
        """The rest of the body."""
        return b"".join([data async for data in self])


class HttpClient:
    """A pool of connections to one server. Credentials: a token here, a certificate in `tls`."""

    def __init__(
        self,
        url: str,
        *,
        tls: ssl.SSLContext | None = None,
        token: str | Callable[[], str] = "",
        server_name: str = "",
        user_agent: str = "wherry",
        headers: HeaderPairs = (),
        limit: int = 64,
        timeout: float = 60.0,
        connect_timeout: float = 10.0,
    ) -> None:
        """`url` may have a path: a prefix of all others. `limit`: requests at once, streams not counted."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a server: write https://HOST[:PORT]")
        self.url = url.rstrip("/")
        self.host = parts.hostname
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._server_name = server_name or self.host
        self._prefix = parts.path.rstrip("/")
        self._token = token
        fixed = [("Host", parts.netloc.rpartition("@")[2]), ("User-Agent", user_agent), *headers]
        self._fixed = header_lines(fixed)
        self._limit = limit
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._idle: list[ClientProtocol] = []
        self._busy: set[ClientProtocol] = set()
        self._taken = 0
        self._waiters: deque[asyncio.Future[None]] = deque()

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: HeaderPairs = (),
        body: bytes = b"",
        within: float | None = None,
    ) -> Reply:
        """Ask and wait for the whole answer, `within` seconds (None: the client's timeout, 0: forever)."""
        head = self._head(method, path, headers, body)
        limit = self._timeout if within is None else within
        await self._take_place()
        try:
            async with asyncio.timeout(limit or None):
                return await self._ask(method, head, body)
        except TimeoutError as error:
            raise Unreachable(self.url, f"no answer to {method} {path} within {limit:g} s") from error
        finally:
            self._free_place()

    async def _ask(self, method: str, head: bytes, body: bytes) -> Reply:
        connection = await self._sent(method, head, body)
        try:
            content = await connection.body()
            reply = Reply(connection.status, connection.headers, content)
        except BrokenExchange as error:
            raise Unreachable(self.url, f"the answer broke off: {error}") from error
        finally:
            self._put_back(connection)
        return reply

    @contextlib.asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        headers: HeaderPairs = (),
        body: bytes = b"",
        within: float | None = None,
    ) -> AsyncIterator[StreamReply]:
        """Ask, get the head `within` seconds, and read on at leisure; leaving cuts what is unread."""
        connection = await self._opened(method, path, self._head(method, path, headers, body), body, within)
        try:
            yield StreamReply(connection, self.url)
        finally:
            self._put_back(connection)

    async def upgrade(
        self,
        method: str,
        path: str,
        protocol: str,
        *,
        headers: HeaderPairs = (),
        within: float | None = None,
    ) -> tuple[Duplex, Headers]:
        """Leave HTTP for `protocol`. UpgradeRefused holds the answer if the server does not want to."""
        asked = [("Connection", "Upgrade"), ("Upgrade", protocol), *headers]
        connection = await self._opened(method, path, self._head(method, path, asked, b""), b"", within)
        self._busy.discard(connection)
        if connection.status == 101 and connection.leftover is not None:
            return connection.duplex(), connection.headers
        body = b""
        try:
            async with asyncio.timeout(self._timeout):
                body = await connection.body()
        except (BrokenExchange, TimeoutError):
            pass  # the status says enough
        finally:
            connection.transport.abort()
        raise UpgradeRefused(Reply(connection.status, connection.headers, body))

    async def close(self) -> None:
        """Close all connections; what is still waiting on one fails."""
        for connection in (*self._idle, *self._busy):
            connection.transport.abort()
        self._idle.clear()
        await asyncio.sleep(0)

    def _head(self, method: str, path: str, headers: HeaderPairs, body: bytes) -> bytes:
        head = f"{method} {self._prefix}{path} HTTP/1.1\r\n".encode()
        if head.count(b"\n") != 1 or head.count(b" ") != 2:
            raise ValueError(f"the path {path!r} holds blanks or line breaks: percent-encode them")
        head += self._fixed + header_lines(headers)
        if token := self._token() if callable(self._token) else self._token:
            head += header_lines((("Authorization", f"Bearer {token}"),))
        if body or method in ("POST", "PUT", "PATCH"):
            head += b"Content-Length: %d\r\n" % len(body)
        return head + b"\r\n"

    async def _opened(
        self, method: str, path: str, head: bytes, body: bytes, within: float | None
    ) -> ClientProtocol:
        limit = self._timeout if within is None else within
        try:
            async with asyncio.timeout(limit or None):
                return await self._sent(method, head, body)
        except TimeoutError as error:
            raise Unreachable(self.url, f"no answer to {method} {path} within {limit:g} s") from error

    async def _sent(self, method: str, head: bytes, body: bytes) -> ClientProtocol:
        """Send on some connection and wait for the head of the answer.

        A kept-alive connection may turn out to be dead. What is safe to repeat is then asked once more,
        on a new connection, as long as nothing of an answer had come.
        """
        connection = self._kept() or await self._connect()
        while True:
            self._busy.add(connection)
            kept = connection.uses > 0
            connection.send(head, body, bodiless=method == "HEAD")
            try:
                await connection.head()
                return connection
            except BrokenExchange as error:
                self._put_back(connection)
                if not kept or error.answered or method not in REPEATABLE:
                    raise Unreachable(self.url, str(error)) from error
            except BaseException:
                self._put_back(connection)
                raise
            connection = await self._connect()

    def _kept(self) -> ClientProtocol | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.open and now - connection.idle_since < FRESH:
                return connection
            connection.transport.abort()
        return None

    async def _connect(self) -> ClientProtocol:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_timeout):
                _, connection = await loop.create_connection(
                    ClientProtocol,
                    self.host,
                    self.port,
                    ssl=self._tls,
                    server_hostname=self._server_name if self._tls else None,
                )
        except TimeoutError as error:
            raise Unreachable(self.url, f"no connection within {self._connect_timeout:g} s") from error
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(
                self.url, f"its certificate is not trusted: {error.verify_message}; check the CA"
            ) from error
        except (OSError, ssl.SSLError) as error:
            raise Unreachable(self.url, error.strerror or str(error)) from error
        return connection

    def _put_back(self, connection: ClientProtocol) -> None:
        """Keep the connection if its answer was read to the end, else cut it."""
        self._busy.discard(connection)
        if connection.complete and connection.reusable and connection.open and len(self._idle) < self._limit:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
        else:
            connection.transport.abort()

    async def _take_place(self) -> None:
        """Wait until fewer than `limit` requests are under way."""
        if self._taken < self._limit and not self._waiters:
            self._taken += 1
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._free_place()
            raise

    def _free_place(self) -> None:
        """Give the place to who has waited longest."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._taken -= 1
