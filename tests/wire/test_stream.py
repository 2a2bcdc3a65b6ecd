"""Streams: pushed and pulled, to readers who keep up, fall behind, or leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from wherry.wire.server import Limits, Request, Stream

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_what_is_written_before_the_head_goes_out_behind_it(start: Any, connect: Any) -> None:
    def watch(request: Request) -> Stream:
        stream = Stream()
        stream.write(b"one")
        stream.write(b"two")
        assert stream.buffered == 6
        stream.finish()
        return stream

    wire = await connect(await start(watch))
    for _ in range(2):
        wire.writer.write(GET)
        assert (await wire.until(b"0\r\n\r\n")).endswith(b"\r\n\r\n6\r\nonetwo\r\n0\r\n\r\n")


async def test_every_write_is_one_chunk_and_leaves_at_once(start: Any, connect: Any) -> None:
    stream = Stream()
    wire = await connect(await start(lambda _: stream))
    wire.writer.write(GET)
    await wire.until(b"\r\n\r\n")
    for event in (b"a", b"b" * 20):
        stream.write(event)
        assert await wire.until(event + b"\r\n") == b"%x\r\n%b\r\n" % (len(event), event)
    stream.write(b"")
    stream.finish()
    stream.write(b"too late")
    assert await wire.until(b"\r\n\r\n") == b"0\r\n\r\n"


async def test_on_close_is_called_once_when_the_reader_leaves(start: Any, connect: Any) -> None:
    closed: list[int] = []
    gone = asyncio.Event()

    def on_close() -> None:
        closed.append(1)
        gone.set()

    stream = Stream(on_close=on_close)
    wire = await connect(await start(lambda _: stream))
    wire.writer.write(GET)
    await wire.until(b"\r\n\r\n")
    wire.writer.close()
    async with asyncio.timeout(5):
        await gone.wait()
    stream.write(b"nobody hears this")
    stream.finish()
    assert closed == [1]
    assert stream.closed


async def test_a_slow_reader_is_visible_and_can_be_cut(start: Any, connect: Any, eventually: Any) -> None:
    seen: list[str] = []
    stream = Stream(
        on_pause=lambda: seen.append("pause"),
        on_resume=lambda: seen.append("resume"),
        on_close=lambda: seen.append("close"),
    )
    server = await start(lambda _: stream)
    wire = await connect(server)
    wire.writer.write(GET)
    await wire.until(b"\r\n\r\n")
    wire.writer.transport.pause_reading()
    async with asyncio.timeout(10):
        while stream.writable:
            stream.write(b"x" * 65536)
            await asyncio.sleep(0)
    assert stream.buffered > 0
    assert seen == ["pause"]
    wire.writer.transport.resume_reading()
    reading = asyncio.create_task(wire.reader.read())
    await eventually(lambda: stream.writable)
    assert seen == ["pause", "resume"]
    stream.abort()
    assert not (await reading).endswith(b"0\r\n\r\n")
    assert seen == ["pause", "resume", "close"]


async def test_a_pulled_stream_is_read_only_as_fast_as_its_reader(
    start: Any, connect: Any, eventually: Any
) -> None:
    made = 0
    ended = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        nonlocal made
        try:
            while True:
                made += 65536
                yield b"z" * 65536
        finally:
            ended.set()

    server = await start(lambda _: Stream.of(endless()))
    wire = await connect(server)
    wire.writer.transport.pause_reading()
    wire.writer.write(GET)
    await eventually(lambda: server.connections and all(c._write_paused for c in server.connections))
    before = made
    for _ in range(20):
        await asyncio.sleep(0)
    assert made == before < 64 * 2**20
    wire.writer.transport.abort()
    async with asyncio.timeout(5):
        await ended.wait()


async def test_a_stream_whose_source_fails_is_cut_not_ended(start: Any, connect: Any, caplog: Any) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"one"
        raise RuntimeError("disk on fire")

    wire = await connect(await start(lambda _: Stream.of(failing())))
    try:
        answer = await wire.ask(GET)
    except ConnectionResetError:
        answer = b""
    assert not answer.endswith(b"0\r\n\r\n")
    assert "A stream broke off." in caplog.text


async def test_a_head_request_opens_no_stream(start: Any, connect: Any) -> None:
    stream = Stream()
    wire = await connect(await start(lambda _: stream))
    wire.writer.write(GET.replace(b"GET", b"HEAD"))
    assert (await wire.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
    assert stream.closed


async def pages(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"z" * 65536


async def test_a_finite_stream_is_finished_when_the_server_closes(
    start: Any, connect: Any, eventually: Any
) -> None:
    server = await start(lambda _: Stream.of(pages(200), finite=True))
    wire = await connect(server)
    wire.writer.transport.pause_reading()
    wire.writer.write(GET)
    await eventually(lambda: server.connections and all(c._write_paused for c in server.connections))
    closing = asyncio.create_task(server.close(grace=5))
    await asyncio.sleep(0)
    wire.writer.transport.resume_reading()
    answer = await wire.rest()
    assert answer.count(b"z") == 200 * 65536
    assert answer.endswith(b"0\r\n\r\n")
    await closing


async def test_a_finite_stream_that_nobody_takes_is_cut_off(
    start: Any, connect: Any, eventually: Any
) -> None:
    server = await start(lambda _: Stream.of(pages(1000), finite=True), limits=Limits(stall=0.05))
    wire = await connect(server)
    wire.writer.transport.pause_reading()
    wire.writer.write(GET)
    await eventually(lambda: server.connections)
    await eventually(lambda: not server.connections)


async def test_a_client_that_has_said_all_gets_the_whole_of_a_finite_stream(start: Any, connect: Any) -> None:
    wire = await connect(await start(lambda _: Stream.of(pages(100), finite=True)))
    wire.writer.write(GET)
    wire.writer.write_eof()
    answer = await wire.rest()
    assert answer.count(b"z") == 100 * 65536
    assert answer.endswith(b"0\r\n\r\n")
