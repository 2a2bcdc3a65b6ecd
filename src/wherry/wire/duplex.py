"""Duplex: a connection as plain bytes both ways, after HTTP has been left by an upgrade."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol, cast

HIGH_WATER = 256 * 1024  # bytes received and not yet read, before the sender is made to wait
CHUNK = 64 * 1024  # bytes handed out at once


class ByteStream(Protocol):
    """Bytes both ways with back-pressure: a raw connection, or a tunnel through something else."""

    async def read(self) -> bytes:
        """Some bytes, as soon as there are any; b"" once the other side has ended."""
        ...

    def write(self, data: bytes) -> None:
        """Append to what is to be sent, at once. ConnectionError once the other side is gone."""
        ...

    async def drain(self) -> None:
        """Wait while the other side is slow. ConnectionError once it is gone."""
        ...

    async def send(self, data: bytes) -> None:
        """Write and drain."""
        ...

    def finish(self) -> None:
        """Say that nothing more will be sent; reading goes on where the connection can do that."""
        ...

    def close(self) -> None:
        """Send what is buffered and end. May be called twice."""
        ...


def end(transport: asyncio.Transport) -> None:
    """Close a transport, politely and once.

    asyncio's TLS transports of Python 3.11.2 forget on a second close what they belong to: an abort then
    fails, and a goodbye that is never answered keeps the connection.
    """
    if not transport.is_closing():
        transport.close()


class Duplex(asyncio.Protocol):
    """A ByteStream over an asyncio transport whose protocol this object becomes."""

    transport: asyncio.Transport

    def __init__(self, transport: asyncio.Transport | None = None, leftover: bytes = b"") -> None:
        """With `transport`, take over an open connection; without, be the protocol of a new one."""
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray(leftover)
        self._ended = False
        self._lost = False
        self._error: Exception | None = None
        self._read_paused = False
        self._write_paused = False
        self._reader: asyncio.Future[None] | None = None
        self._writers: list[asyncio.Future[None]] = []
        self._closed: asyncio.Future[None] = self._loop.create_future()
        if transport is not None:
            self.transport = transport
            transport.set_protocol(self)

    async def read(self, limit: int = CHUNK) -> bytes:
        if not self._buffer:
            await self._arrival()
        data = bytes(self._buffer[:limit])
        del self._buffer[:limit]
        if self._read_paused and len(self._buffer) < HIGH_WATER // 2:
            self._read_paused = False
            if not self._lost:
                self.transport.resume_reading()
        return data

    async def _arrival(self) -> None:
        while not self._buffer and not self._ended:
            if self._reader is not None:
                raise RuntimeError(
                    "two tasks read from one connection; let one of them hand on what it reads"
                )
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if not self._buffer and self._error is not None:
            raise ConnectionResetError(f"the connection broke: {self._error}") from self._error

    async def send(self, data: bytes) -> None:
        self.write(data)
        await self.drain()

    def write(self, data: bytes) -> None:
        """Append to what is to be sent, at once. Follow it with `drain` where much is written."""
        if self._lost or self.transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        self.transport.write(data)

    async def drain(self) -> None:
        if self._write_paused and not self._lost:
            waiter = self._loop.create_future()
            self._writers.append(waiter)
            try:
                await waiter
            finally:
                self._writers.remove(waiter)
        if self._lost:
            raise ConnectionResetError("the other side closed the connection")

    @property
    def buffered(self) -> int:
        """Bytes written and not yet taken by the other side."""
        return 0 if self._lost else self.transport.get_write_buffer_size()

    def finish(self) -> None:
        if self._lost or self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            end(self.transport)  # TLS has no half-close here

    def close(self) -> None:
        end(self.transport)
        if self._read_paused and not self._lost:
            self._read_paused = False
            self.transport.resume_reading()  # a paused TLS transport would not see the other side's goodbye

    def abort(self) -> None:
        self.transport.abort()

    async def wait_closed(self) -> None:
        await asyncio.shield(self._closed)

    # Called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > HIGH_WATER and not self._read_paused and not self.transport.is_closing():
            self._read_paused = True
            self.transport.pause_reading()
        self._wake_reader()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake_reader()
        return self.transport.can_write_eof()

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        self._wake_writers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = self._lost = True
        self._error = exc
        self._wake_reader()
        self._wake_writers()
        if not self._closed.done():
            self._closed.set_result(None)

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _wake_writers(self) -> None:
        for waiter in self._writers:
            if not waiter.done():
                waiter.set_result(None)


async def dial(host: str, port: int) -> Duplex:
    """A plain TCP connection."""
    _, duplex = await asyncio.get_running_loop().create_connection(lambda: Duplex(), host, port)
    return duplex


async def over(connected: socket.socket) -> Duplex:
    """A connection as bytes on a socket that somebody else has connected, say in another namespace."""
    connected.setblocking(False)
    _, duplex = await asyncio.get_running_loop().create_connection(lambda: Duplex(), sock=connected)
    return duplex


async def splice(one: ByteStream, other: ByteStream) -> None:
    """Carry bytes both ways until both sides have ended or one of them broke; then close both."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pour(one, other))
            group.create_task(_pour(other, one))
    except* ConnectionError:
        pass  # one side is gone; so is the reason to talk to the other
    finally:
        one.close()
        other.close()


async def _pour(source: ByteStream, sink: ByteStream) -> None:
    while data := await source.read():
        await sink.send(data)
    sink.finish()
