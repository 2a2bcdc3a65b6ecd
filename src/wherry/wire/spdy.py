"""Spdy: SPDY/3.1 frames, bytes to frames and back, without I/O.

What kubectl and the container runtimes still speak for exec, attach and port-forward. Header blocks are
compressed in one zlib context per direction, so frames must be encoded in the order they are sent.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

VERSION = 3
FIN = 0x01
UNIDIRECTIONAL = 0x02

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9

# Reasons in RST_STREAM.
PROTOCOL_ERROR, INVALID_STREAM, REFUSED_STREAM, UNSUPPORTED_VERSION, CANCEL, INTERNAL_ERROR = 1, 2, 3, 4, 5, 6
FLOW_CONTROL_ERROR, STREAM_IN_USE, STREAM_ALREADY_CLOSED = 7, 8, 9

INITIAL_WINDOW_SIZE = 7  # a key in SETTINGS
DEFAULT_WINDOW = 64 * 1024  # bytes

CONTROL_LIMIT = 64 * 1024  # bytes in a control frame, headers compressed
HEADERS_LIMIT = 256 * 1024  # bytes of headers, decompressed
LARGEST_DATA = 0xFFFFFF

HeaderBlock = tuple[tuple[str, str], ...]

_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges "
    "age allow authorization cache-control connection content-base content-encoding content-language "
    "content-length content-location content-md5 content-range content-type date etag expect expires from "
    "host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location "
    "max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer "
    "transfer-encoding upgrade user-agent vary via warning www-authenticate method get status"
)
_REST = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
_PHRASES = ("200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin")


def _sized(word: str) -> bytes:
    data = word.encode()
    return struct.pack(">I", len(data)) + data


DICTIONARY = b"".join(map(_sized, (*_WORDS.split(), *_PHRASES))) + _REST.encode()
"""What both sides' zlib knows in advance (SPDY draft 3, section 2.6.10.1): 1,423 bytes, Adler-32 e3c6a7c2."""


class SpdyError(ConnectionError):
    """The other side broke the rules in a way that makes the rest unreadable."""


@dataclass(frozen=True, slots=True)
class SynStream:
    stream: int
    headers: HeaderBlock = ()
    fin: bool = False
    unidirectional: bool = False
    associated: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class SynReply:
    stream: int
    headers: HeaderBlock = ()
    fin: bool = False


@dataclass(frozen=True, slots=True)
class MoreHeaders:
    stream: int
    headers: HeaderBlock = ()
    fin: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    stream: int
    data: bytes = b""
    fin: bool = False


@dataclass(frozen=True, slots=True)
class RstStream:
    stream: int
    status: int = CANCEL


@dataclass(frozen=True, slots=True)
class Settings:
    values: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Ping:
    id: int


@dataclass(frozen=True, slots=True)
class GoAway:
    last: int = 0
    status: int = 0


@dataclass(frozen=True, slots=True)
class WindowUpdate:
    stream: int
    delta: int


Frame = SynStream | SynReply | MoreHeaders | Data | RstStream | Settings | Ping | GoAway | WindowUpdate


class Encoder:
    """Frames to bytes."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def encode(self, frame: Frame) -> bytes:
        match frame:
            case Data(stream, data, fin):
                return _data(stream, data, fin)
            case SynStream(stream, headers, fin, unidirectional, associated, priority):
                flags = FIN * fin | UNIDIRECTIONAL * unidirectional
                start = struct.pack(">IIBB", stream, associated, priority << 5, 0)
                return _control(SYN_STREAM, flags, start + self._block(headers))
            case SynReply(stream, headers, fin):
                return _control(SYN_REPLY, FIN * fin, struct.pack(">I", stream) + self._block(headers))
            case MoreHeaders(stream, headers, fin):
                return _control(HEADERS, FIN * fin, struct.pack(">I", stream) + self._block(headers))
            case RstStream(stream, status):
                return _control(RST_STREAM, 0, struct.pack(">II", stream, status))
            case Settings(values):
                pairs = b"".join(struct.pack(">II", key & 0xFFFFFF, value) for key, value in values)
                return _control(SETTINGS, 0, struct.pack(">I", len(values)) + pairs)
            case Ping(number):
                return _control(PING, 0, struct.pack(">I", number))
            case GoAway(last, status):
                return _control(GOAWAY, 0, struct.pack(">II", last, status))
            case WindowUpdate(stream, delta):
                return _control(WINDOW_UPDATE, 0, struct.pack(">II", stream, delta))

    def _block(self, headers: HeaderBlock) -> bytes:
        joined: dict[str, list[str]] = {}
        for name, value in headers:
            joined.setdefault(name.lower(), []).append(value)
        plain = struct.pack(">I", len(joined))
        plain += b"".join(_sized(name) + _sized("\0".join(values)) for name, values in joined.items())
        return self._deflate.compress(plain) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


def _control(kind: int, flags: int, payload: bytes) -> bytes:
    return struct.pack(">HHI", 0x8000 | VERSION, kind, flags << 24 | len(payload)) + payload


def _data(stream: int, data: bytes, fin: bool) -> bytes:
    if len(data) <= LARGEST_DATA:
        return struct.pack(">II", stream, (FIN * fin) << 24 | len(data)) + data
    return _data(stream, data[:LARGEST_DATA], False) + _data(stream, data[LARGEST_DATA:], fin)


class Decoder:
    """Bytes to frames. Long DATA frames come out in pieces, as they arrive: only the last has `fin`."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._buffer = bytearray()
        self._data: tuple[int, bool, int] | None = None  # stream, fin, bytes still to come

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes. SpdyError if it makes no sense: then the connection is lost."""
        self._buffer += data
        while (frame := self._next()) is not None:
            if not isinstance(frame, _Unknown):
                yield frame

    def _next(self) -> Frame | _Unknown | None:
        if self._data is not None:
            return self._piece(*self._data)
        if len(self._buffer) < 8:
            return None
        first, second = struct.unpack_from(">II", self._buffer)
        flags, length = second >> 24, second & 0xFFFFFF
        if not first & 0x80000000:
            del self._buffer[:8]
            return self._piece(first, bool(flags & FIN), length)
        if first >> 16 & 0x7FFF != VERSION:
            raise SpdyError(f"SPDY version {first >> 16 & 0x7FFF} is not spoken here, only {VERSION}")
        if length > CONTROL_LIMIT:
            raise SpdyError(f"a control frame of {length} bytes is too large: limit is {CONTROL_LIMIT}")
        if len(self._buffer) < 8 + length:
            return None
        payload = bytes(self._buffer[8 : 8 + length])
        del self._buffer[: 8 + length]
        try:
            return self._control(first & 0xFFFF, flags, payload)
        except (struct.error, zlib.error) as error:
            raise SpdyError(f"a malformed SPDY frame of type {first & 0xFFFF}: {error}") from error

    def _piece(self, stream: int, fin: bool, left: int) -> Data | None:
        if left and not self._buffer:
            self._data = (stream, fin, left)
            return None
        data = bytes(self._buffer[:left])
        del self._buffer[:left]
        left -= len(data)
        self._data = (stream, fin, left) if left else None
        return Data(stream, data, fin and not left)

    def _control(self, kind: int, flags: int, payload: bytes) -> Frame | _Unknown:
        fin = bool(flags & FIN)
        match kind:
            case 1:  # SYN_STREAM
                stream, associated, priority = struct.unpack_from(">IIB", payload)
                headers = self._block(payload[10:])
                sole = bool(flags & UNIDIRECTIONAL)
                return SynStream(stream & 0x7FFFFFFF, headers, fin, sole, associated, priority >> 5)
            case 2:  # SYN_REPLY
                return SynReply(_stream(payload), self._block(payload[4:]), fin)
            case 3:  # RST_STREAM
                return RstStream(_stream(payload), struct.unpack_from(">I", payload, 4)[0])
            case 4:  # SETTINGS
                return _settings(payload)
            case 6:  # PING
                return Ping(struct.unpack_from(">I", payload)[0])
            case 7:  # GOAWAY
                status = struct.unpack_from(">I", payload, 4)[0] if len(payload) >= 8 else 0
                return GoAway(_stream(payload), status)
            case 8:  # HEADERS
                return MoreHeaders(_stream(payload), self._block(payload[4:]), fin)
            case 9:  # WINDOW_UPDATE
                return WindowUpdate(_stream(payload), struct.unpack_from(">I", payload, 4)[0] & 0x7FFFFFFF)
            case _:
                return _Unknown(kind)

    def _block(self, compressed: bytes) -> HeaderBlock:
        plain = self._inflate.decompress(compressed, HEADERS_LIMIT)
        if self._inflate.unconsumed_tail:
            raise SpdyError(f"headers are too large: limit is {HEADERS_LIMIT} bytes")
        (count,) = struct.unpack_from(">I", plain)
        headers = []
        at = 4
        for _ in range(count):
            name, at = _word(plain, at)
            values, at = _word(plain, at)
            headers += [(name.lower(), value) for value in values.split("\0")]
        return tuple(headers)


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A control frame of a type the draft does not know: to be ignored."""

    kind: int


def _stream(payload: bytes) -> int:
    number: int = struct.unpack_from(">I", payload)[0]
    return number & 0x7FFFFFFF


def _word(plain: bytes, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from(">I", plain, at)
    end = at + 4 + size
    if end > len(plain):
        raise SpdyError("a header block is cut off")
    return plain[at + 4 : end].decode("utf-8", "replace"), end


def _settings(payload: bytes) -> Settings:
    (count,) = struct.unpack_from(">I", payload)
    if 4 + 8 * count > len(payload):
        raise SpdyError("a SETTINGS frame is cut off")
    pairs = struct.iter_unpack(">II", payload[4 : 4 + 8 * count])
    return Settings(tuple((key & 0xFFFFFF, value) for key, value in pairs))
