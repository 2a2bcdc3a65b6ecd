"""Message: what an HTTP/1.1 request and a ready answer are made of.

Everything a fast GET does not look at is made only when somebody asks: headers stay a list of byte
pairs and the query stays a string until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

HeaderPairs = Iterable[tuple[str, str]]

REASONS: Mapping[int, str] = {status.value: status.phrase for status in HTTPStatus}


def decoded(value: bytes) -> str:
    """Header bytes as text: UTF-8 as Go clients send it, else Latin-1, so that no two values become one."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


class Headers:
    """Header fields in the order sent; names compare without case."""

    __slots__ = ("_index", "raw")

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        self.raw = raw
        self._index: dict[str, list[str]] | None = None

    @classmethod
    def of(cls, pairs: HeaderPairs) -> Headers:
        return cls([(name.encode(), value.encode()) for name, value in pairs])

    @property
    def index(self) -> dict[str, list[str]]:
        if self._index is None:
            self._index = {}
            for name, value in self.raw:
                self._index.setdefault(name.lower().decode("latin-1"), []).append(decoded(value))
        return self._index

    def get(self, name: str, default: str = "") -> str:
        """The first value of `name`."""
        values = self.index.get(name.lower())
        return values[0] if values else default

    def all(self, name: str) -> Sequence[str]:
        """Every value of `name`, one for each line it was sent on."""
        return self.index.get(name.lower(), ())

    def tokens(self, name: str) -> list[str]:
        """The comma-separated items of all lines of `name`: `Upgrade`, `Sec-WebSocket-Protocol`."""
        return [item.strip() for value in self.all(name) for item in value.split(",") if item.strip()]

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.index

    def __getitem__(self, name: str) -> str:
        return self.index[name.lower()][0]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name.decode("latin-1"), decoded(value)) for name, value in self.raw)

    def __repr__(self) -> str:
        return f"Headers({list(self)!r})"


class Query:
    """The query of a URL: each name has one or more values."""

    __slots__ = ("values",)

    def __init__(self, text: str = "") -> None:
        self.values: dict[str, list[str]] = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            self.values.setdefault(name, []).append(value)

    def get(self, name: str, default: str = "") -> str:
        """The first value of `name`."""
        values = self.values.get(name)
        return values[0] if values else default

    def all(self, name: str) -> Sequence[str]:
        return self.values.get(name, ())

    def flag(self, name: str) -> bool:
        """True for `name=true`, `name=1` and a bare `name`, as the API reads booleans."""
        return name in self.values and self.get(name).lower() not in ("false", "0")

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, value) for name, values in self.values.items() for value in values)

    def __bool__(self) -> bool:
        return bool(self.values)

    def __repr__(self) -> str:
        return f"Query({list(self)!r})"


NO_QUERY = Query()


class Peer(Protocol):
    """The connection that a request came on, as handlers see it."""

    scratch: Any
    """Whatever the owner of the handler wants to remember about the connection, such as who it is."""

    @property
    def address(self) -> tuple[str, int]: ...

    @property
    def certificate(self) -> bytes | None:
        """The client's certificate in DER, already verified against the client CA; None without one."""
        ...


class Request:
    """One request, body and all."""

    __slots__ = (
        "_query",
        "body",
        "connection",
        "headers",
        "keep_alive",
        "method",
        "old",
        "path",
        "query_string",
        "raw_path",
        "target",
        "upgrade",
    )

    def __init__(
        self,
        method: str,
        target: str,
        headers: Headers,
        connection: Peer,
        *,
        body: bytes = b"",
        keep_alive: bool = True,
        old: bool = False,
        upgrade: bool = False,
    ) -> None:
        self.method = method
        self.target = target
        if not target.startswith("/"):
            target = origin_form(target)
        raw_path, _, query_string = target.partition("?")
        self.raw_path = raw_path
        self.path = unquote(raw_path) if "%" in raw_path else raw_path
        self.query_string = query_string
        self.headers = headers
        self.connection = connection
        self.body = body
        self.keep_alive = keep_alive
        self.old = old  # HTTP/1.0: knows no chunks and no 100 Continue
        self.upgrade = upgrade  # asks to leave HTTP: the handler may answer with an Upgrade
        self._query: Query | None = None

    @property
    def query(self) -> Query:
        if self._query is None:
            self._query = Query(self.query_string) if self.query_string else NO_QUERY
        return self._query

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.target}>"


def origin_form(target: str) -> str:
    """`http://host/path?query`, as sent to proxies, without its host; `*` stays what it is."""
    _, scheme, rest = target.partition("://")
    if not scheme:
        return target
    host, slash, path = rest.partition("/")
    if slash:
        return "/" + path
    return "/" + "".join(host.partition("?")[1:])


class Response:
    """A ready answer."""

    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(
        self,
        status: int = 200,
        body: bytes = b"",
        content_type: str = "application/json",
        headers: HeaderPairs = (),
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.content_type} {len(self.body)} bytes>"


def text(status: int, message: str, headers: HeaderPairs = ()) -> Response:
    """A plain sentence as an answer."""
    return Response(status, message.encode(), "text/plain; charset=utf-8", headers)


@lru_cache(256)
def status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}\r\n".encode()


@lru_cache(256)
def opening(status: int, content_type: str) -> bytes:
    """The head up to and including the content type, without the empty line that ends it."""
    if not content_type:
        return status_line(status)
    return status_line(status) + header_lines((("Content-Type", content_type),))


def header_lines(pairs: HeaderPairs) -> bytes:
    """Header fields as bytes. A line break in one would let its author write the rest of the answer."""
    lines = []
    for name, value in pairs:
        if "\n" in value or "\r" in value or "\n" in name or "\r" in name:
            raise ValueError(f"the header {name!r} holds a line break: {value!r}")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode()
