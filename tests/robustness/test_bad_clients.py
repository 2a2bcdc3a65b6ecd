"""Clients that are slow, broken or hostile: the server answers everybody else, and stays small."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import ssl
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.cluster.verbs.test_server import Server

from wherry.api.core.configmap import ConfigMap
from wherry.client import kubeconfig
from wherry.client.client import Client
from wherry.cluster import processes
from wherry.cluster.clock import SystemClock
from wherry.cluster.pki import Authority
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit
from wherry.wire.tls import client_context

MAPS = "/api/v1/namespaces/default/configmaps"
IDLE = 2000
LARGE = 200_000  # bytes of one object
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Site:
    """A server in a process of its own, and a well-behaved client to see that it answers."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.access = kubeconfig.load(server.data / "kubeconfig")
        self.tls = client_context(self.access.ca, self.access.certificate, self.access.key)
        self.client: Client = server.client()
        self.open: list[asyncio.StreamWriter] = []
        self.count = 0

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def memory(self) -> int:
        """MiB."""
        return processes.memory(self.server.process.pid)

    @property
    def files(self) -> int:
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    async def connect(self, tls: ssl.SSLContext | None) -> Connection:
        made = await asyncio.open_connection("127.0.0.1", self.port, ssl=tls)
        self.open.append(made[1])
        return made

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """One request on a connection of its own; its status and the rest of the answer."""
        reader, writer = await self.connect(self.tls)
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        head = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *lines]
        if body:
            head.append(f"Content-Length: {len(body)}")
        with contextlib.suppress(ConnectionError):
            writer.write("\r\n".join([*head, "", ""]).encode() + body)
            await writer.drain()
        async with asyncio.timeout(20):
            answer = b""
            with contextlib.suppress(ConnectionError):
                while piece := await reader.read(1 << 16):
                    answer += piece
        return int(answer.split(b" ", 2)[1]), answer

    async def healthy(self) -> None:
        """It reads and writes for others as if nothing were."""
        async with asyncio.timeout(20):
            for _ in range(5):
                self.count += 1
                name = f"healthy-{self.count}"
                await self.client.create(ConfigMap(metadata=ObjectMeta(name=name, namespace="default")))
                await self.client.get(ConfigMap, name, "default")
                await self.client.delete(ConfigMap, name, "default")
        assert self.server.process.poll() is None

    async def end(self) -> None:
        for writer in self.open:
            writer.transport.abort()
        await self.client.close()
        await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("bad") / "d")
    assert made.said == "ready"
    yield made
    assert made.process.poll() is None
    code, lines = made.end()
    assert (code, lines) == (0, [])


@pytest.fixture
async def site(server: Server) -> AsyncIterator[Site]:
    made = Site(server)
    yield made
    await made.healthy()
    await made.end()


async def test_a_watcher_that_never_reads_is_cut_off(site: Site) -> None:
    reader, writer = await site.connect(site.tls)
    reader._transport.pause_reading()  # type: ignore[attr-defined]  # the only way not to read at all
    writer.write(f"GET {MAPS}?watch=true HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    made = await site.client.create(
        ConfigMap(metadata=ObjectMeta(name="large", namespace="default"), data={"a": ""})
    )
    before = site.memory
    seen = asyncio.create_task(last_seen(site, "large", "399"))
    for number in range(400):  # 80 MB for whoever takes it
        data = {"a": "x" * LARGE, "number": str(number)}
        made = await site.client.update(edit(made, data=data))
    async with asyncio.timeout(30):
        await seen
    # One buffer, one log of recent changes, one ring: not what was written in all.
    assert site.memory - before < 150
    await site.client.delete(made)
    reader._transport.resume_reading()  # type: ignore[attr-defined]
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(20):
            taken = 0
            while piece := await reader.read(1 << 20):
                taken += len(piece)
        assert taken < 400 * LARGE


async def last_seen(site: Site, name: str, number: str) -> None:
    """A watcher that reads is told everything meanwhile."""
    client = site.server.client()
    try:
        async for events in client.watch(ConfigMap, "default", fieldSelector=f"metadata.name={name}"):
            for event in events:
                if event.object is not None and event.object.data.get("number") == number:
                    return
    finally:
        await client.close()


async def test_a_watch_of_very_much_begins_with_all_of_it(site: Site) -> None:
    """More than may pile up for a watcher: what exists is not held against who wants to see it."""
    labels = {"much": "yes"}
    for number in range(110):
        metadata = ObjectMeta(name=f"much-{number}", namespace="default", labels=labels)
        await site.client.create(ConfigMap(metadata=metadata, data={"a": "x" * LARGE}))
    count = 0
    async with asyncio.timeout(30):
        async for events in site.client.watch(ConfigMap, "default", labelSelector="much"):
            count += sum(event.type == "ADDED" for event in events)
            if any(event.type == "SYNCED" for event in events):
                break
    assert count == 110
    await site.client.delete_all(ConfigMap, "default", labelSelector="much")


async def test_two_thousand_connections_that_do_nothing(site: Site) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + 500:
        pytest.skip(f"only {hard} open files are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, IDLE + 500), hard))
    try:
        before = site.memory
        for _ in range(0, IDLE, 100):
            await asyncio.gather(*(site.connect(None) for _ in range(100)))
        await site.healthy()
        assert site.memory - before < 300
        for writer in site.open:
            writer.transport.abort()
        async with asyncio.timeout(30):
            while site.files > 200:  # noqa: ASYNC110  # it is another process that closes them
                await asyncio.sleep(0.05)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_requests_that_stop_halfway(site: Site) -> None:
    halves = (
        b"",
        b"GE",
        f"GET {MAPS} HTT".encode(),
        f"GET {MAPS} HTTP/1.1\r\nHost: x\r\nAccept".encode(),
        f"POST {MAPS} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{".encode(),
        f"POST {MAPS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab".encode(),
    )
    for half in halves * 10:
        _, writer = await site.connect(site.tls)
        writer.write(half)
        await writer.drain()
    await site.healthy()


async def test_a_hundred_clients_that_go_in_the_middle(site: Site) -> None:
    async def leave(number: int) -> None:
        _, writer = await site.connect(site.tls)
        name = f"gone-{number}"
        body = f'{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}}}}'
        head = f"HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        lines = (f"POST {MAPS} {head}{body}", f"GET {MAPS}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        writer.write(lines[number % 2].encode())
        if number % 3:
            await writer.drain()
        if number % 5:
            await asyncio.sleep(0)
        writer.transport.abort()

    for start in range(0, 100, 20):
        await asyncio.gather(*(leave(start + number) for number in range(20)))
    await site.healthy()
    await site.client.delete_all(ConfigMap, "default")


async def test_bodies_that_are_too_large_are_413(site: Site) -> None:
    large = b"x" * (4 << 20)
    for method, path in (("POST", MAPS), ("PUT", f"{MAPS}/a"), ("PATCH", f"{MAPS}/a")):
        code, _ = await site.ask(method, path, large, Content_Type="application/json")
        assert code == 413
    chunk = b"%x\r\n%b\r\n" % (1 << 20, b"x" * (1 << 20))
    reader, writer = await site.connect(site.tls)
    writer.write(f"POST {MAPS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    with contextlib.suppress(ConnectionError):
        for _ in range(5):
            writer.write(chunk)
            await writer.drain()
    async with asyncio.timeout(20):
        assert (await reader.readline()).split()[1] == b"413"


PROTOBUF = "application/vnd.kubernetes.protobuf"
MAP = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"}'


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"nonsense", 400),
        ("application/json", b"\xff\xfe\x00", 400),
        ("application/json", b"[]", 400),
        ("application/json", b"null", 400),
        ("application/json", b"[" * 200_000, 400),
        ("application/json", b'{"a":' * 100_000, 400),
        ("application/json", MAP + b',"data":{"a":1}}', 400),
        ("application/json", MAP + b',"data":"' + b"x" * 1_000_000, 400),
        ("application/json", b'{"apiVersion":"v1","kind":"ConfigMap","metadata":[]}', 400),
        ("application/json", b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":{}}}', 400),
        ("application/yaml", b"a: [", 400),
        ("application/yaml", b"\t- : :\n", 400),
        ("application/yaml", b"- " * 50_000, 400),
        ("application/yaml", b"[" * 50_000, 400),
        ("application/yaml", b"a: &a [x]\nb: &b [*a,*a]\n" * 3, 400),
        (PROTOBUF, b"", 400),
        (PROTOBUF, b"k8s\x00", 400),
        (PROTOBUF, b"k8s\x00" + b"\xff" * 100, 400),
        (PROTOBUF, b"not protobuf", 400),
        ("application/cbor", b"\xa0", 415),
        ("text/plain", b"hello", 415),
        ("nonsense", b"hello", 415),
    ],
)
async def test_bodies_that_mean_nothing_are_the_clients_mistake(
    site: Site, kind: str, body: bytes, code: int
) -> None:
    found, answer = await site.ask("POST", MAPS, body, Content_Type=kind)
    assert found == code, answer[:600]
    assert b'"kind":"Status"' in answer


@pytest.mark.parametrize(
    "kind",
    [
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ],
)
@pytest.mark.parametrize("body", [b"{", b"null", b"[]", b"7", b"[[]]", b"[" * 100_000, b'{"metadata":7}'])
async def test_patches_that_mean_nothing_are_the_clients_mistake(site: Site, kind: str, body: bytes) -> None:
    made = await site.client.create(ConfigMap(metadata=ObjectMeta(generateName="x-", namespace="default")))
    path = f"{MAPS}/{made.metadata.name}?fieldManager=test"
    code, answer = await site.ask("PATCH", path, body, Content_Type=kind)
    nothing = kind == "application/json-patch+json" and body == b"[]"
    assert code == 200 if nothing else 400 <= code < 500, answer[:600]
    await site.client.delete(made)


@pytest.mark.parametrize(
    "query",
    [
        "resourceVersion=x",
        "limit=x",
        "limit=-1",
        "continue=%00",
        "continue=AAAA",
        "labelSelector=%28%28",
        "fieldSelector=a%3Db",
        "watch=1&resourceVersion=-1",
        "watch=1&resourceVersion=99999999999999999999999999",
        "watch=1&timeoutSeconds=x",
        "watch=1&sendInitialEvents=true",
    ],
)
async def test_queries_that_mean_nothing_are_the_clients_mistake(site: Site, query: str) -> None:
    code, answer = await site.ask("GET", f"{MAPS}?{query}")
    assert 400 <= code < 505, answer[:600]
    assert code != 500
    assert b'"kind":"Status"' in answer


async def test_what_is_no_tls_is_dropped(site: Site) -> None:
    noise = (
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01" + b"\xff" * 200,
        os.urandom(2000),
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    )
    for each in noise * 10:
        _, writer = await site.connect(None)
        writer.write(each)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
    await site.healthy()


async def test_a_certificate_of_somebody_else_is_refused(site: Site) -> None:
    now = SystemClock().now()
    identity = Authority.create("other", now).issue("kubernetes-admin", now, groups=("system:masters",))
    tls = client_context(site.access.ca, identity.certificate, identity.key)
    with pytest.raises((ssl.SSLError, ConnectionError)):  # noqa: PT012  # refused at once or when it is read
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port, ssl=tls)
        site.open.append(writer)
        writer.write(b"GET /api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        assert not answer
        raise ConnectionResetError("it said nothing")
