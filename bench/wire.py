"""Wire: requests per second of a ready 5 KB body, and events per second to 1,000 watchers, plain and TLS.

Run it: `.venv/bin/python bench/wire.py`. The load comes from a second process, so that on two cores the
server has one for itself.
"""

from __future__ import annotations

import asyncio
import datetime
import ssl
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wherry.wire.server import Request, Response, Server, Stream
from wherry.wire.tls import client_context, server_context

CLIENTS = 16
SECONDS = 4.0
BODY = b"x" * 5_000
WATCHERS = 1_000
EVENT = b"e" * 499 + b"\n"
EVENTS = 800  # to each watcher, in every run


def identity(folder: Path) -> None:
    """A self-signed P-256 certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


class Asker(asyncio.Protocol):
    """Asks again as soon as an answer is complete, and counts."""

    count = 0

    def __init__(self, size: int) -> None:
        self._size = size
        self._got = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        self._transport.write(b"GET /api/v1/pods/a HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        self._got += len(data)
        if self._got >= self._size:
            self._got -= self._size
            Asker.count += 1
            self._ask()


class Watcher(asyncio.Protocol):
    received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(b"GET /watch HTTP/1.1\r\nHost: a\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        Watcher.received += len(data)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # one look a millisecond costs less than an event a chunk
        await asyncio.sleep(0.001)


async def load(kind: str, port: int, tls: ssl.SSLContext | None) -> None:
    """The second process: ask, or watch until nothing more comes."""
    loop = asyncio.get_running_loop()
    if kind == "get":
        size = len(Response(body=BODY).body) + len(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
        )
        for _ in range(CLIENTS):
            await loop.create_connection(lambda: Asker(size), "127.0.0.1", port, ssl=tls)
        await asyncio.sleep(0.5)
        before, start = Asker.count, time.perf_counter()
        await asyncio.sleep(SECONDS)
        print(f"{(Asker.count - before) / (time.perf_counter() - start):,.0f}")
        return
    for _ in range(WATCHERS):
        await loop.create_connection(Watcher, "127.0.0.1", port, ssl=tls)
    print("watching", flush=True)
    await until(lambda: Watcher.received >= WATCHERS * EVENTS * len(EVENT))
    print("done", flush=True)


async def second_process(kind: str, port: int, tls: bool) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, __file__, kind, str(port), "tls" if tls else "plain", stdout=asyncio.subprocess.PIPE
    )


async def measure_gets(context: ssl.SSLContext | None) -> None:
    answer = Response(body=BODY)
    server = await Server.start(lambda _: answer, tls=context)
    process = await second_process("get", server.port, context is not None)
    out, _ = await process.communicate()
    print(f"GET 5 KB, {CLIENTS} clients, {'TLS' if context else 'plain'}: {out.decode().strip()} requests/s")
    await server.close(grace=0)


async def measure_watches(context: ssl.SSLContext | None, joined: int) -> None:
    streams: list[Stream] = []

    def watch(request: Request) -> Stream:
        streams.append(Stream())
        return streams[-1]

    server = await Server.start(watch, tls=context)
    process = await second_process("watch", server.port, context is not None)
    assert process.stdout is not None
    await process.stdout.readline()
    await until(lambda: len(streams) == WATCHERS)
    start = time.perf_counter()
    chunk = EVENT * joined
    for _ in range(EVENTS // joined):
        for stream in streams:
            stream.write(chunk)
        await asyncio.sleep(0)
        await until(lambda: all(stream.writable for stream in streams))
    await process.stdout.readline()
    rate = WATCHERS * EVENTS / (time.perf_counter() - start)
    name = "TLS" if context else "plain"
    print(f"{WATCHERS:,} watchers, {joined} events a write, {name}: {rate:,.0f} deliveries/s")
    await process.wait()
    await server.close(grace=0)


async def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        identity(Path(name))
        context = server_context(Path(name) / "crt", Path(name) / "key")
    for tls in (None, context):
        await measure_gets(tls)
    for tls in (None, context):
        for joined in (1, 8, 32):
            await measure_watches(tls, joined)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        unverified = client_context(verify=False) if sys.argv[3] == "tls" else None
        uvloop.run(load(sys.argv[1], int(sys.argv[2]), unverified))
    else:
        uvloop.run(main())
