"""Answer: what a handler may return, and the limits within which it is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from wherry.wire.duplex import Duplex
from wherry.wire.message import HeaderPairs, Request, Response
from wherry.wire.stream import Stream


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long a client may take. Sizes in bytes, times in seconds."""

    head: int = 256 * 1024
    body: int = 3 * 1024 * 1024
    idle: float = 90.0  # between requests
    receive: float = 32.0  # for the head of a request
    receive_body: float = 120.0  # for a request from its first byte to its last
    stall: float = 60.0  # for taking some of a ready answer
    linger: float = 1.0  # for reading what is sent behind a refused request
    handshake: float = 10.0  # for TLS

    @property
    def pace(self) -> float:
        """How often to look whether a connection has used up its time."""
        return min(self.idle, self.receive, self.stall)


class Upgrade:
    """An answer that leaves HTTP: 101 goes out, then `serve` owns the bytes, leftover ones included."""

    __slots__ = ("headers", "protocol", "serve")

    def __init__(
        self, protocol: str, serve: Callable[[Duplex], Awaitable[None]], headers: HeaderPairs = ()
    ) -> None:
        self.protocol = protocol
        self.serve = serve  # when it returns, the connection is closed
        self.headers = headers


Answer = Response | Stream | Upgrade
Handler = Callable[[Request], Answer | Awaitable[Answer]]
