"""The server: what clients do to it, and what they get."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import weakref
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from wherry.wire.client import HttpClient, Unreachable
from wherry.wire.server import Limits, PortInUse, Request, Response, Server, Stream, Upgrade, http_date
from wherry.wire.tls import client_context

HOST = b"Host: wherry\r\n"


def echo(request: Request) -> Response:
    return Response(body=request.method.encode() + b" " + request.path.encode() + b" " + request.body)


async def echo_later(request: Request) -> Response:
    await asyncio.sleep(0)
    return echo(request)


@pytest.mark.parametrize("handler", [echo, echo_later])
async def test_answers_whether_the_handler_waits_or_not(start: Any, connect: Any, handler: Any) -> None:
    wire = await connect(await start(handler))
    answer = await wire.ask(b"GET /pods HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
    assert answer == (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b"Content-Length: 10\r\n\r\nGET /pods "
    )


@pytest.mark.parametrize("handler", [echo, echo_later])
async def test_answers_a_thousand_pipelined_requests_in_order(start: Any, connect: Any, handler: Any) -> None:
    wire = await connect(await start(handler))
    requests = b"".join(b"GET /%d HTTP/1.1\r\n%b\r\n" % (n, HOST) for n in range(999))
    answer = await wire.ask(requests + b"GET /999 HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert [int(part.split(b" ")[0]) for part in answer.split(b"GET /")[1:]] == list(range(1000))


async def test_a_client_that_pipelines_and_never_reads_is_not_buffered_for(
    start: Any, connect: Any, eventually: Any
) -> None:
    served = 0

    def big(request: Request) -> Response:
        nonlocal served
        served += 1
        return Response(body=b"x" * 100_000)

    server = await start(big)
    wire = await connect(server)
    wire.writer.transport.pause_reading()
    wire.writer.write(b"GET / HTTP/1.1\r\n\r\n" * 1000)
    await eventually(lambda: server.connections and all(c._write_paused for c in server.connections))
    assert served < 200


async def test_chunked_bodies_and_keep_alive(start: Any, connect: Any) -> None:
    wire = await connect(await start(echo))
    wire.writer.write(
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    )
    assert (await wire.until(b"POST /a abcde")).startswith(b"HTTP/1.1 200")
    wire.writer.write(b"PUT /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
    assert (await wire.until(b"PUT /b hi")).startswith(b"HTTP/1.1 200")


async def test_a_head_gets_the_length_and_no_body(start: Any, connect: Any) -> None:
    wire = await connect(await start(echo))
    answer = await wire.ask(b"HEAD /a HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert b"Content-Length: 8\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_http_1_0_is_answered_and_closed(start: Any, connect: Any) -> None:
    wire = await connect(await start(echo))
    assert (await wire.ask(b"GET /a HTTP/1.0\r\n\r\n")).endswith(b"GET /a ")


async def test_expect_is_answered_before_the_body_comes(start: Any, connect: Any) -> None:
    wire = await connect(await start(echo))
    wire.writer.write(b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert await wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.writer.write(b"ok")
    await wire.until(b"POST /a ok")


async def test_a_body_over_the_limit_is_refused_before_it_is_sent(start: Any, connect: Any) -> None:
    wire = await connect(await start(echo, limits=Limits(linger=0.05)))
    answer = await wire.ask(b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3145729\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"\r\n\r\nRequest entity too large: limit is 3145728")


async def test_a_body_over_the_limit_is_refused_while_it_comes_and_the_client_sees_why(
    start: Any, connect: Any
) -> None:
    wire = await connect(await start(echo, limits=Limits(linger=0.2)))
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    answer = await wire.ask(b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 60)
    assert answer.endswith(b"Request entity too large: limit is 3145728")


async def test_a_body_at_the_limit_is_accepted(start: Any) -> None:
    server = await start(lambda request: Response(body=str(len(request.body)).encode()))
    client = HttpClient(f"http://127.0.0.1:{server.port}")
    assert (await client.request("POST", "/", body=b"x" * 3145728)).body == b"3145728"
    await client.close()


MALFORMED = [
    b"NONSENSE\r\n\r\n",
    b"GET /\r\n\r\n\r\n",
    b"GET / HTTP/1.1\r\nNo colon here\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
]


@pytest.mark.parametrize("data", MALFORMED)
async def test_malformed_requests_get_400_and_the_door(start: Any, connect: Any, data: bytes) -> None:
    wire = await connect(await start(echo, limits=Limits(linger=0.01)))
    assert (await wire.ask(data)).startswith(b"HTTP/1.1 400 Bad Request\r\n")


async def test_requests_before_a_malformed_one_are_answered_first(start: Any, connect: Any) -> None:
    wire = await connect(await start(echo_later, limits=Limits(linger=0.01)))
    answer = await wire.ask(b"GET /a HTTP/1.1\r\n\r\nNONSENSE\r\n\r\n")
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]


async def test_a_head_that_does_not_end_is_refused(start: Any, connect: Any) -> None:
    wire = await connect(await start(echo, limits=Limits(head=1000, linger=0.01)))
    assert (await wire.ask(b"GET / HTTP/1.1\r\nA: " + b"a" * 2000)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"])
async def test_clients_that_dawdle_are_cut_off(start: Any, connect: Any, sent: bytes) -> None:
    wire = await connect(await start(echo, limits=Limits(idle=0.05, receive=0.05, receive_body=0.05)))
    assert await wire.ask(sent) == b""


async def test_a_trickle_of_bytes_does_not_extend_the_time(start: Any, connect: Any) -> None:
    wire = await connect(await start(echo, limits=Limits(receive=0.1)))

    async def trickle() -> None:
        while True:
            wire.writer.write(b"GET / HTTP/1.1\r\nX: " if not started else b"x")
            started.append(1)
            await asyncio.sleep(0.01)

    started: list[int] = []
    task = asyncio.create_task(trickle())
    with contextlib.suppress(ConnectionResetError):  # a byte may have been on its way
        assert await wire.rest() == b""
    task.cancel()


async def test_a_client_that_takes_nothing_is_cut_off(start: Any, connect: Any, eventually: Any) -> None:
    server = await start(lambda _: Response(body=b"x" * 20_000_000), limits=Limits(stall=0.05))
    wire = await connect(server)
    wire.writer.transport.pause_reading()
    wire.writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await eventually(lambda: server.connections)
    await eventually(lambda: not server.connections)


async def test_a_failing_handler_is_a_500_and_the_connection_lives(
    start: Any, connect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request: Request) -> Response:
        raise RuntimeError("no")

    wire = await connect(await start(fail))
    for _ in range(2):
        wire.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await wire.until(b"says more")).startswith(b"HTTP/1.1 500 ")
    assert "A handler failed." in caplog.text


async def test_a_header_with_a_line_break_is_never_sent(start: Any, connect: Any) -> None:
    wire = await connect(await start(lambda _: Response(headers=(("A", "b\r\nSet-Cookie: c"),))))
    answer = await wire.ask(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"Set-Cookie" not in answer


async def test_a_waiting_handler_is_cancelled_when_its_client_resets(
    start: Any, connect: Any, eventually: Any
) -> None:
    waiting, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(request: Request) -> Response:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return Response()

    server = await start(wait)
    wire = await connect(server)
    wire.writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await waiting.wait()
    wire.writer.transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
    )
    wire.writer.transport.abort()
    async with asyncio.timeout(5):
        await cancelled.wait()
    await eventually(lambda: not server.connections)


async def test_a_client_that_has_sent_all_may_half_close_and_still_gets_its_answer(
    start: Any, connect: Any
) -> None:
    wire = await connect(await start(echo_later))
    wire.writer.write(b"GET /a HTTP/1.1\r\n\r\n")
    wire.writer.write_eof()
    assert (await wire.rest()).endswith(b"GET /a ")


async def test_h2c_is_passed_over_body_and_all(start: Any, connect: Any) -> None:
    wire = await connect(await start(echo))
    wire.writer.write(
        b"POST /a HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABk\r\nContent-Length: 5\r\n\r\nhello"
    )
    await wire.until(b"POST /a hello")


async def test_an_upgrade_gets_the_bytes_that_came_with_it(start: Any, connect: Any) -> None:
    async def shout(duplex: Any) -> None:
        while data := await duplex.read():
            await duplex.send(data.upper())

    wire = await connect(await start(lambda _: Upgrade("shout", shout, (("X-A", "b"),))))
    wire.writer.write(b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\nearly")
    head = await wire.until(b"\r\n\r\n")
    assert (
        head == b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\nX-A: b\r\n\r\n"
    )
    await wire.until(b"EARLY")
    wire.writer.write(b"late")
    await wire.until(b"LATE")
    wire.writer.write_eof()
    assert await wire.rest() == b""


async def test_an_upgrade_that_nobody_asked_for_is_a_400(start: Any, connect: Any) -> None:
    async def nothing(duplex: Any) -> None: ...

    wire = await connect(await start(lambda _: Upgrade("shout", nothing)))
    answer = await wire.ask(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_an_upgrade_that_is_refused_ends_the_connection(start: Any, connect: Any) -> None:
    wire = await connect(await start(echo))
    answer = await wire.ask(b"GET /a HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\n")
    assert answer.endswith(b"GET /a ")


async def test_client_certificates_are_optional_and_visible(
    start: Any, authority: Any, server_tls: Any
) -> None:
    def who(request: Request) -> Response:
        assert request.connection.address[0] == "127.0.0.1"
        request.connection.scratch = (request.connection.scratch or 0) + 1
        return Response(body=request.connection.certificate or b"nobody")

    server = await start(who, tls=server_tls)
    url = f"https://127.0.0.1:{server.port}"
    alice = authority.issue("alice")
    named = HttpClient(url, tls=client_context(authority.certificate, alice.certificate, alice.key))
    unnamed = HttpClient(url, tls=client_context(authority.certificate))
    assert (await named.request("GET", "/")).body == alice.der
    assert (await unnamed.request("GET", "/")).body == b"nobody"
    assert [connection.scratch for connection in server.connections] == [1, 1]
    await named.close()
    await unnamed.close()


async def test_a_port_in_use_says_so(start: Any) -> None:
    server = await start(echo)
    with pytest.raises(
        PortInUse, match=f"port {server.port} on 127.0.0.1 is in use by another process; stop"
    ):
        await Server.start(echo, "127.0.0.1", server.port)


async def test_a_clock_gives_answers_a_date(start: Any, connect: Any) -> None:
    class Noon:
        def now(self) -> datetime:
            return datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)

    wire = await connect(await start(echo, clock=Noon()))
    answer = await wire.ask(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert b"\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" in answer
    assert http_date(datetime(2026, 1, 1, tzinfo=UTC)) == b"Thu, 01 Jan 2026 00:00:00 GMT"


async def test_close_lets_requests_finish_and_ends_streams(start: Any, connect: Any) -> None:
    answer = asyncio.Event()
    busy = asyncio.Event()

    async def handle(request: Request) -> Response | Stream:
        if request.path == "/watch":
            stream = Stream()
            stream.write(b"event")
            return stream
        busy.set()
        await answer.wait()
        return Response(body=b"done")

    server = await start(handle)
    idle, slow, watch = await connect(server), await connect(server), await connect(server)
    watch.writer.write(b"GET /watch HTTP/1.1\r\n\r\n")
    await watch.until(b"event")
    slow.writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await busy.wait()
    closing = asyncio.create_task(server.close(grace=5))
    assert await idle.rest() == b""
    assert (await watch.rest()).endswith(b"0\r\n\r\n")
    answer.set()
    rest = await slow.rest()
    assert rest.endswith(b"done")
    assert b"Connection: close" in rest
    await closing
    with pytest.raises(ConnectionRefusedError):
        await connect(server)


@pytest.mark.parametrize("path", ["/", "/watch"])
async def test_a_connection_that_is_gone_leaves_nothing_to_the_collector(
    path: str, start: Any, connect: Any, eventually: Any
) -> None:
    def handle(request: Request) -> Response | Stream:
        if request.path == "/":
            return Response()
        stream = Stream()
        stream.on_close = stream.finish
        return stream

    server = await start(handle)
    wire = await connect(server)
    wire.writer.write(f"GET {path} HTTP/1.1\r\n\r\n".encode())
    await wire.until(b"\r\n\r\n")
    connection = weakref.ref(next(iter(server.connections)))
    gc.disable()
    try:
        wire.writer.close()
        await eventually(lambda: connection() is None)
    finally:
        gc.enable()


async def test_close_cuts_what_does_not_finish(start: Any, connect: Any, eventually: Any) -> None:
    async def never(request: Request) -> Response:
        await asyncio.Event().wait()
        return Response()

    server = await start(never)
    wire = await connect(server)
    wire.writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await eventually(lambda: any(connection._current for connection in server.connections))
    await server.close(grace=0.01)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await wire.until(b"x")


async def logs() -> AsyncIterator[bytes]:
    for number in range(3):
        yield b"line %d\n" % number
        await asyncio.sleep(0)


async def test_an_iterator_becomes_a_chunked_body_and_the_connection_goes_on(
    start: Any, connect: Any
) -> None:
    wire = await connect(await start(lambda _: Stream.of(logs())))
    for _ in range(2):
        wire.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        answer = await wire.until(b"0\r\n\r\n")
        assert b"Transfer-Encoding: chunked\r\n\r\n7\r\nline 0\n\r\n7\r\nline 1\n\r\n" in answer


async def test_http_1_0_streams_end_with_their_connection(start: Any, connect: Any) -> None:
    wire = await connect(await start(lambda _: Stream.of(logs())))
    answer = await wire.ask(b"GET / HTTP/1.0\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nline 0\nline 1\nline 2\n")


async def test_a_dead_server_is_unreachable(start: Any) -> None:
    server = await start(echo)
    await server.close()
    client = HttpClient(f"http://127.0.0.1:{server.port}")
    with pytest.raises(Unreachable, match=r"cannot reach http://127\.0\.0\.1"):
        await client.request("GET", "/")
