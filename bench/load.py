"""load: requests as fast as a server answers them: one connection a client, one request at a time on each."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httptools


@dataclass(frozen=True)
class Target:
    """An API server and who we are there: a token, or a certificate in `tls`."""

    url: str
    token: str = ""
    tls: ssl.SSLContext | None = None

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "127.0.0.1", parts.port or (443 if parts.scheme == "https" else 80)

    def request(self, method: str, path: str, body: bytes = b"", accept: str = "application/json") -> bytes:
        """A whole HTTP request."""
        host, port = self.address
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {host}:{port}",
            f"Accept: {accept}",
            "User-Agent: bench",
        ]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        elif method not in ("GET", "HEAD"):
            lines.append("Content-Length: 0")
        return "\r\n".join([*lines, "", ""]).encode() + body


class Failed(Exception):
    """The server answered with an error."""


class Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is complete."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None], keep: bool) -> None:
        self.requests = requests
        self.done = done
        self.keep = keep
        self.latencies: list[float] = []
        self.body = b""
        self.chunks: list[bytes] = []
        self.parser: Any = None
        self.began = 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpResponseParser(self)

    def next(self) -> None:
        request = next(self.requests, None)
        if request is None:
            if not self.done.done():
                self.done.set_result(None)
            self.transport.close()
            return
        self.began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        if self.keep:
            self.chunks.append(data)

    def on_message_complete(self) -> None:
        self.latencies.append(time.perf_counter() - self.began)
        if self.keep:
            self.body, self.chunks = b"".join(self.chunks), []
        status = self.parser.get_status_code()
        if status >= 400 and not self.done.done():
            self.done.set_exception(Failed(f"status {status}"))
            self.transport.close()
            return
        self.parser = httptools.HttpResponseParser(self)
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))


@dataclass(frozen=True)
class Result:
    count: int
    seconds: float
    latencies: list[float]
    body: bytes

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


async def run(target: Target, requests: Iterator[bytes], clients: int, *, keep: bool = False) -> Result:
    """All `requests`, over so many connections at once. Time runs from when all of them are open."""
    loop = asyncio.get_running_loop()
    shared = iter(requests)
    host, port = target.address
    waits, protocols = [], []
    for _ in range(clients):
        done: asyncio.Future[None] = loop.create_future()
        make = partial(Connection, shared, done, keep)
        _, protocol = await loop.create_connection(make, host, port, ssl=target.tls)
        waits.append(done)
        protocols.append(protocol)
    began = time.perf_counter()
    for protocol in protocols:
        protocol.next()
    await asyncio.gather(*waits)
    seconds = time.perf_counter() - began
    latencies = [each for protocol in protocols for each in protocol.latencies]
    return Result(len(latencies), seconds, latencies, protocols[0].body)


ADDED = b'"type":"ADDED"'


class Watcher(asyncio.Protocol):
    """One watch: counts how often `marker` arrives."""

    def __init__(self, request: bytes, counter: Counter, marker: bytes = ADDED) -> None:
        self.request = request
        self.counter = counter
        self.marker = marker
        self.tail = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        # A marker may be cut in two by the connection's own packets.
        text = self.tail + data
        marker = self.marker
        found = text.count(marker)
        cut = text.rfind(marker)
        rest = text[cut + len(marker) :] if cut >= 0 else text
        self.tail = rest[-len(marker) + 1 :]
        if found:
            self.counter.add(found)


class Counter:
    def __init__(self, goal: int) -> None:
        self.goal = goal
        self.count = 0
        self.reached: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def add(self, number: int) -> None:
        self.count += number
        if self.count >= self.goal and not self.reached.done():
            self.reached.set_result(time.perf_counter())
