"""The client: answers of all shapes, dead connections, slow servers, proxies."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from wherry.wire.client import HttpClient, Unreachable, UpgradeRefused
from wherry.wire.duplex import Duplex, splice
from wherry.wire.exchange import HIGH_WATER
from wherry.wire.server import Request, Response, Stream, Upgrade
from wherry.wire.tls import client_context

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def client() -> AsyncIterator[Callable[..., HttpClient]]:
    clients: list[HttpClient] = []

    def make(port: int, scheme: str = "http", **options: Any) -> HttpClient:
        clients.append(HttpClient(f"{scheme}://127.0.0.1:{port}", **options))
        return clients[-1]

    yield make
    for each in clients:
        await each.close()


@pytest.fixture
async def scripted() -> AsyncIterator[Callable[[Serve], Awaitable[int]]]:
    """A server that answers exactly what a test tells it to."""
    servers: list[asyncio.Server] = []

    async def scripted(serve: Serve) -> int:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            finally:
                writer.close()

        servers.append(await asyncio.start_server(guarded, "127.0.0.1", 0))
        port: int = servers[-1].sockets[0].getsockname()[1]
        return port

    yield scripted
    for server in servers:
        server.close()
    await asyncio.sleep(0.01)


def says(*answers: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

    return serve


async def test_asks_over_one_kept_connection(start: Any, client: Any) -> None:
    server = await start(lambda request: Response(201, request.body, headers=(("A", "b"),)))
    asking = client(server.port)
    for body in (b"one", b"two"):
        reply = await asking.request("POST", "/x", body=body)
        assert (reply.status, reply.body, reply.headers["a"]) == (201, body, "b")
    assert len(server.connections) == 1
    assert (await asking.request("HEAD", "/")).body == b""


async def test_sends_its_token_prefix_and_headers(start: Any) -> None:
    seen: list[Request] = []

    def handle(request: Request) -> Response:
        seen.append(request)
        return Response()

    server = await start(handle)
    client = HttpClient(f"http://127.0.0.1:{server.port}/prefix/", token=lambda: "secret", user_agent="me")
    await client.request("GET", "/api", headers=(("Accept", "a/b"),))
    headers = seen[0].headers
    assert seen[0].path == "/prefix/api"
    assert headers["authorization"] == "Bearer secret"
    assert (headers["user-agent"], headers["accept"]) == ("me", "a/b")
    assert headers["host"] == f"127.0.0.1:{server.port}"
    await client.close()


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/a HTTP/1.1\r\nX: y\r\n\r\n"])
async def test_a_path_cannot_smuggle_a_request(path: str) -> None:
    with pytest.raises(ValueError, match="blanks or line breaks"):
        await HttpClient("http://127.0.0.1:1").request("GET", path)


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://a", "https://"])
def test_an_address_must_be_one(url: str) -> None:
    with pytest.raises(ValueError, match="is no address of a server"):
        HttpClient(url)


async def test_many_requests_share_few_connections(start: Any, client: Any) -> None:
    async def later(request: Request) -> Response:
        await asyncio.sleep(0)
        return Response(body=request.path.encode())

    server = await start(later)
    asking = client(server.port, limit=4)
    replies = await asyncio.gather(*(asking.request("GET", f"/{n}") for n in range(100)))
    assert [reply.body for reply in replies] == [b"/%d" % n for n in range(100)]
    assert len(server.connections) <= 4


async def test_gzip_is_decoded(scripted: Any, client: Any) -> None:
    packed = gzip.compress(b"hello" * 1000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    asking = client(await scripted(says(head + packed, head + packed)))
    assert (await asking.request("GET", "/")).body == b"hello" * 1000
    async with asking.stream("GET", "/") as answer:
        assert await answer.read() == b"hello" * 1000


async def test_bodies_that_end_with_the_connection_are_whole(scripted: Any, client: Any) -> None:
    port = await scripted(says(b"HTTP/1.1 200 OK\r\n\r\nall of it"))
    assert (await client(port).request("GET", "/")).body == b"all of it"


async def test_bodies_that_break_off_are_not_answers(scripted: Any, client: Any) -> None:
    port = await scripted(says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome"))
    with pytest.raises(Unreachable, match="broke off"):
        await client(port).request("GET", "/")
    port = await scripted(says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n"))
    async with client(port).stream("GET", "/") as answer:
        assert await answer.chunk() == b"some"
        with pytest.raises(Unreachable, match="broke off"):
            await answer.chunk()


async def test_continue_is_not_the_answer(scripted: Any, client: Any) -> None:
    port = await scripted(says(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"))
    assert (await client(port).request("GET", "/")).status == 204


async def test_nonsense_is_unreachable(scripted: Any, client: Any) -> None:
    port = await scripted(says(b"220 mail ready\r\n\r\n"))
    with pytest.raises(Unreachable, match=r"not HTTP/1\.1"):
        await client(port).request("GET", "/")


async def test_a_kept_connection_that_died_is_replaced_once(scripted: Any, client: Any) -> None:
    asked = []

    async def dies_after_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")  # and says nothing to the second

    asking = client(await scripted(dies_after_one))
    for _ in range(3):
        assert (await asking.request("GET", "/")).status == 200
    assert len(asked) == 3


async def test_a_post_is_never_sent_twice(scripted: Any, client: Any) -> None:
    async def dies_after_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")

    asking = client(await scripted(dies_after_one))
    await asking.request("POST", "/")
    with pytest.raises(Unreachable, match="the server closed the connection"):
        await asking.request("POST", "/")


async def test_a_silent_server_is_given_up(scripted: Any, client: Any) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with pytest.raises(Unreachable, match=r"no answer to GET /x within 0\.01 s"):
        await client(await scripted(silent)).request("GET", "/x", within=0.01)


async def test_a_watch_is_cancelled_promptly_and_the_server_hears_of_it(start: Any, client: Any) -> None:
    closed = asyncio.Event()
    stream = Stream(on_close=closed.set)
    stream.write(b"event\n")
    server = await start(lambda _: stream)
    seen = asyncio.Event()

    async def watch() -> None:
        async with client(server.port).stream("GET", "/") as answer:
            async for chunk in answer:
                assert chunk == b"event\n"
                seen.set()

    watching = asyncio.create_task(watch())
    await seen.wait()
    watching.cancel()
    async with asyncio.timeout(5):
        await closed.wait()


async def test_a_slow_reader_stops_the_server(start: Any, client: Any) -> None:
    made = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal made
        while made < 10**9:
            made += 65536
            yield b"x" * 65536

    server = await start(lambda _: Stream.of(endless()))
    async with client(server.port).stream("GET", "/") as answer:
        await answer.chunk()
        for _ in range(500):
            await asyncio.sleep(0)
        assert made < 64 * 2**20


async def test_a_finished_stream_gives_its_connection_back(start: Any, client: Any) -> None:
    async def short() -> AsyncIterator[bytes]:
        yield b"a"

    server = await start(lambda _: Stream.of(short()))
    asking = client(server.port)
    for _ in range(3):
        async with asking.stream("GET", "/") as answer:
            assert await answer.read() == b"a"
    assert len(server.connections) == 1


async def test_a_large_body_comes_whole(start: Any, client: Any, authority: Any, server_tls: Any) -> None:
    body = bytes(range(256)) * 40_000
    server = await start(lambda _: Response(body=body), tls=server_tls)
    asking = client(server.port, "https", tls=client_context(authority.certificate))
    assert (await asking.request("GET", "/")).body == body


async def echo(duplex: Duplex) -> None:
    while data := await duplex.read():
        await duplex.send(data)


async def test_an_upgrade_is_bytes_both_ways(
    start: Any, client: Any, authority: Any, server_tls: Any
) -> None:
    server = await start(lambda request: Upgrade("echo", echo), tls=server_tls)
    asking = client(server.port, "https", tls=client_context(authority.certificate))
    duplex, headers = await asking.upgrade("POST", "/", "echo")
    assert headers["upgrade"] == "echo"
    await duplex.send(b"x" * 100_000)
    got = b""
    while len(got) < 100_000:
        got += await duplex.read()
    duplex.close()
    await duplex.wait_closed()


async def test_a_refused_upgrade_shows_the_answer(start: Any, client: Any) -> None:
    server = await start(lambda _: Response(403, b"no"))
    with pytest.raises(UpgradeRefused) as refused:
        await client(server.port).upgrade("GET", "/", "echo")
    assert (refused.value.reply.status, refused.value.reply.body) == (403, b"no")


async def test_an_upgrade_can_be_passed_on_to_another_server(start: Any, client: Any) -> None:
    behind = await start(lambda _: Upgrade("echo", echo))

    async def proxy(request: Request) -> Upgrade:
        onward, _ = await client(behind.port).upgrade("GET", request.target, "echo")

        async def serve(duplex: Duplex) -> None:
            await splice(duplex, onward)

        return Upgrade("echo", serve)

    front = await start(proxy)
    duplex, _ = await client(front.port).upgrade("GET", "/", "echo")
    await duplex.send(b"through both")
    assert await duplex.read() == b"through both"
    duplex.finish()
    assert await duplex.read() == b""
    duplex.close()
    await duplex.wait_closed()


async def test_what_was_not_read_of_an_answer_is_no_part_of_the_next(scripted: Any, client: Any) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
    asking = client(await scripted(says(answer % (3, b"old"), answer % (3, b"new"))))
    async with asking.stream("GET", "/"):
        await asyncio.sleep(0.05)
    assert (await asking.request("GET", "/")).body == b"new"


async def test_a_large_body_that_comes_at_once_does_not_silence_its_connection(
    start: Any, client: Any, authority: Any, server_tls: Any
) -> None:
    """A piece may both be too much and the end."""
    server = await start(lambda request: Response(200, request.body), tls=server_tls)
    asking = client(server.port, "https", tls=client_context(authority.certificate))
    async with asyncio.timeout(20):
        for size in range(HIGH_WATER - 200, HIGH_WATER + 40_000, 400):
            assert len((await asking.request("POST", "/", body=b"x" * size)).body) == size
