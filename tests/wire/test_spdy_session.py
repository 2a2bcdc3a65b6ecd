"""SPDY sessions: our server and our client, and a peer that knows no flow control."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.wire import spdy
from wherry.wire.duplex import Duplex, over
from wherry.wire.spdy_session import SpdySession, SpdyStream

Pair = tuple[SpdySession, SpdySession]


@pytest.fixture
async def sessions() -> AsyncIterator[Pair]:
    """A client and a server."""
    one, other = socket.socketpair()
    left, right = await over(one), await over(other)
    async with SpdySession(left, client=True) as client, SpdySession(right, client=False) as server:
        yield client, server
    await left.wait_closed()
    await right.wait_closed()


@contextlib.asynccontextmanager
async def against_frames(
    *, client: bool
) -> AsyncIterator[tuple[SpdySession, Duplex, spdy.Encoder, spdy.Decoder]]:
    """A session against a peer whose frames the test writes itself."""
    one, other = socket.socketpair()
    left, right = await over(one), await over(other)
    async with SpdySession(left, client=client) as session:
        yield session, right, spdy.Encoder(), spdy.Decoder()
    right.close()
    await left.wait_closed()
    await right.wait_closed()


async def accepted(session: SpdySession) -> SpdyStream:
    async with asyncio.timeout(5):
        stream = await session.accept()
    assert stream is not None
    return stream


async def test_streams_carry_headers_data_and_ends(sessions: Pair) -> None:
    client, server = sessions
    asked = await client.open({"streamType": "data", "port": "80"})
    got = await accepted(server)
    assert got.headers == {"streamtype": "data", "port": "80"}
    await asked.reply()
    await asked.send(b"ping")
    asked.finish()
    assert await got.read() == b"ping"
    assert await got.read() == b""
    await got.send(b"pong")
    got.finish()
    assert await asked.read() == b"pong"
    assert await asked.read() == b""
    with pytest.raises(ConnectionResetError):
        await asked.send(b"more")


async def test_many_streams_at_once_keep_their_bytes_apart(sessions: Pair) -> None:
    client, server = sessions

    async def serve() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(answer(await accepted(server)))

    async def answer(stream: SpdyStream) -> None:
        while data := await stream.read():
            await stream.send(data)
        stream.finish()

    async def ask(number: int) -> None:
        stream = await client.open({"n": str(number)})
        body = bytes((number,)) * 100_000
        sending = asyncio.create_task(stream.send(body))
        got = b""
        while len(got) < len(body):
            got += await stream.read()
        await sending
        stream.finish()
        assert got == body
        assert await stream.read() == b""

    async with asyncio.TaskGroup() as group:
        group.create_task(serve())
        for number in range(20):
            group.create_task(ask(number))
    assert not client._streams
    assert not server._streams


async def test_a_sender_waits_for_the_window_and_others_go_on(sessions: Pair) -> None:
    client, server = sessions
    slow = await client.open({})
    unread = await accepted(server)
    sending = asyncio.create_task(slow.send(b"x" * 2_000_000))
    other = await client.open({})
    lively = await accepted(server)
    for _ in range(50):
        await other.send(b"ping")
        assert await lively.read()
    assert not sending.done()
    assert unread.unread <= 300_000
    size = 0
    while size < 2_000_000:
        size += len(await unread.read())
    await sending


async def test_resets_break_reading_and_writing(sessions: Pair) -> None:
    client, server = sessions
    asked = await client.open({})
    got = await accepted(server)
    got.reset()
    with pytest.raises(ConnectionResetError, match="reset it with status 5"):
        await asked.read()
    with pytest.raises(ConnectionResetError):
        await asked.send(b"x")


async def test_leaving_ends_everything_on_the_other_side(sessions: Pair) -> None:
    client, server = sessions
    asked = await client.open({})
    await accepted(server)
    client.io.close()
    assert await server.accept() is None
    with pytest.raises(ConnectionResetError, match="the connection ended"):
        await asked.read()
    with pytest.raises(ConnectionResetError):
        await client.open({})


async def test_a_peer_without_flow_control_is_not_waited_for() -> None:
    async with against_frames(client=False) as (session, peer, encoder, decoder):
        await peer.send(encoder.encode(spdy.SynStream(1, (("a", "b"),))))
        stream = await accepted(session)
        sending = asyncio.create_task(stream.send(b"x" * 1_000_000))
        size = 0
        while size < 1_000_000:
            frames = decoder.feed(await peer.read())
            size += sum(len(frame.data) for frame in frames if isinstance(frame, spdy.Data))
        await sending


async def test_a_peer_without_flow_control_is_braked_by_the_connection() -> None:
    async with against_frames(client=False) as (session, peer, encoder, _):
        await peer.send(encoder.encode(spdy.SynStream(1)))
        stream = await accepted(session)
        flood = encoder.encode(spdy.Data(1, b"x" * 20_000_000, fin=True))
        sending = asyncio.create_task(peer.send(flood))
        for _ in range(200):
            await asyncio.sleep(0)
        assert stream.unread < 6_000_000
        size = 0
        while data := await stream.read():
            size += len(data)
        await sending
        assert size > 16_000_000


async def test_what_nobody_will_read_stops_nobody(eventually: Any) -> None:
    async with against_frames(client=False) as (session, peer, encoder, _):
        for number in (1, 3, 5):
            await peer.send(encoder.encode(spdy.SynStream(number)))
            stream = await accepted(session)
            sending = asyncio.create_task(peer.send(encoder.encode(spdy.Data(number, b"x" * 5_000_000))))
            await eventually(lambda stream=stream: stream.unread)
            stream.close()
            async with asyncio.timeout(5):
                await sending


async def test_rules_are_kept_against_those_who_break_them() -> None:
    async with against_frames(client=False) as (session, peer, encoder, decoder):
        for frame in (
            spdy.SynStream(2),  # the number of a server's stream
            spdy.SynStream(3),
            spdy.SynStream(3),  # a number used before
            spdy.Data(99, b"to nobody"),
            spdy.RstStream(99),
            spdy.WindowUpdate(99, 1),
            spdy.Ping(7),
            spdy.Ping(8),  # an answer to a ping that was never sent
        ):
            await peer.send(encoder.encode(frame))
        await accepted(session)
        frames: list[spdy.Frame] = []
        while spdy.Ping(7) not in frames:
            frames += decoder.feed(await peer.read())
        assert frames[1:] == [
            spdy.RstStream(2, spdy.PROTOCOL_ERROR),
            spdy.SynReply(3),
            spdy.RstStream(3, spdy.PROTOCOL_ERROR),
            spdy.Ping(7),
        ]


async def test_nonsense_ends_the_session() -> None:
    async with against_frames(client=False) as (session, peer, _, _):
        await peer.send(b"\xff" * 100)
        async with asyncio.timeout(5):
            assert await session.accept() is None


async def test_goodbye_lets_open_streams_finish() -> None:
    async with against_frames(client=False) as (session, peer, encoder, _):
        await peer.send(encoder.encode(spdy.SynStream(1)) + encoder.encode(spdy.GoAway()))
        stream = await accepted(session)
        await stream.send(b"still here")
        await peer.send(encoder.encode(spdy.Data(1, b"bye", fin=True)))
        assert await stream.read() == b"bye"
        stream.finish()
        assert await session.accept() is None
