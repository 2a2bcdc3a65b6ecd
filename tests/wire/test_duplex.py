"""Duplexes: bytes both ways, with brakes."""

from __future__ import annotations

import asyncio
import socket

import pytest

from wherry.wire.duplex import Duplex, end, over, splice


async def pair() -> tuple[Duplex, Duplex]:
    one, other = socket.socketpair()
    return await over(one), await over(other)


async def ended(*duplexes: Duplex) -> None:
    for duplex in duplexes:
        duplex.close()
    for duplex in duplexes:
        await duplex.wait_closed()


async def test_bytes_arrive_and_ends_are_separate() -> None:
    one, other = await pair()
    await one.send(b"ping")
    one.finish()
    assert await other.read() == b"ping"
    assert await other.read() == b""
    await other.send(b"pong")
    other.close()
    assert await one.read() == b"pong"
    await ended(one, other)


async def test_a_sender_waits_for_a_slow_reader() -> None:
    one, other = await pair()
    sending = asyncio.create_task(one.send(b"x" * 4_000_000))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not sending.done()
    size = 0
    while size < 4_000_000:
        size += len(await other.read())
    await sending
    await ended(one, other)


async def test_sending_to_who_is_gone_is_an_error() -> None:
    one, other = await pair()
    await ended(other)
    assert await one.read() == b""

    async def insist() -> None:
        for _ in range(100):  # the first bytes may still find room in a buffer
            await one.send(b"x")
            await asyncio.sleep(0)

    with pytest.raises(ConnectionResetError):
        await insist()


async def test_two_readers_are_a_mistake() -> None:
    one, other = await pair()
    first = asyncio.create_task(one.read())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="two tasks read"):
        await one.read()
    first.cancel()
    await ended(one, other)


async def test_splice_carries_both_ways_and_half_closes() -> None:
    client, left = await pair()
    right, server = await pair()
    splicing = asyncio.create_task(splice(left, right))

    async def serve() -> None:
        size = 0
        while data := await server.read():
            size += len(data)
        await server.send(str(size).encode())
        server.close()

    serving = asyncio.create_task(serve())
    await client.send(b"x" * 1_000_000)
    client.finish()
    assert await client.read() == b"1000000"
    assert await client.read() == b""
    await splicing
    await serving
    await ended(client, server, left, right)


async def test_splice_ends_when_one_side_breaks() -> None:
    client, left = await pair()
    right, server = await pair()
    splicing = asyncio.create_task(splice(left, right))
    await server.send(b"x")
    client.abort()
    async with asyncio.timeout(5):
        assert await server.read() == b""
        server.close()
        await splicing
    await ended(server, left, right)


class Recorded(asyncio.Transport):
    """A transport that counts how often it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closes = 0

    def is_closing(self) -> bool:
        return self.closes > 0

    def close(self) -> None:
        self.closes += 1


def test_a_transport_is_closed_once_however_often_it_is_ended() -> None:
    transport = Recorded()
    end(transport)
    end(transport)
    assert transport.closes == 1
