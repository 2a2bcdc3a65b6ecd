"""`wherry server` as a process: it answers, keeps what it acknowledged, and says in a line what is wrong."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.cluster.conftest import free_port

from wherry.api.core.configmap import ConfigMap
from wherry.client import kubeconfig
from wherry.client.client import Client
from wherry.client.http import HttpTransport
from wherry.cluster.clock import SystemClock
from wherry.machinery.meta import ObjectMeta
from wherry.wire.tls import client_context


class Server:
    """A control plane in a process of its own. It says over a pipe when it is ready."""

    def __init__(self, data: Path, port: int = 0) -> None:
        self.data = data
        self.port = port or free_port()
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "wherry", "server", "--data-dir", str(data)]
        self.process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--node-ip", "127.0.0.1", "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(writing,),
            env={**os.environ, "WHERRY_READY_FD": str(writing)},
            text=True,
        )
        os.close(writing)
        with os.fdopen(reading) as pipe:
            self.said = pipe.readline().strip()

    def client(self) -> Client:
        access = kubeconfig.load(self.data / "kubeconfig")
        return Client(HttpTransport.to(access, SystemClock(), user_agent="test"))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, list[str]]:
        """The exit code, and what it said that is not a line of the log."""
        self.process.send_signal(number)
        return self.over()

    def over(self) -> tuple[int, list[str]]:
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, [line for line in errors.splitlines() if not line.startswith("{")]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Server]]:
    made: list[Server] = []
    yield made
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


def test_it_answers_until_it_is_told_to_stop(tmp_path: Path, servers: list[Server]) -> None:
    server = Server(tmp_path / "d")
    servers.append(server)
    assert server.said == "ready"
    access = kubeconfig.load(tmp_path / "d" / "kubeconfig")
    assert access.server == f"https://127.0.0.1:{server.port}"
    assert access.ca is not None
    tls = client_context(access.ca)
    with urlopen(f"{access.server}/readyz", context=tls, timeout=10) as answer:
        assert answer.read() == b"ok"
    assert server.end() == (0, [])


async def test_what_it_acknowledged_survives_its_being_killed(tmp_path: Path, servers: list[Server]) -> None:
    first = Server(tmp_path / "d")
    servers.append(first)
    client = first.client()
    acknowledged = []
    killer = threading.Timer(0.2, first.process.kill)
    killer.start()
    try:
        for number in range(1_000_000):
            made = await client.create(ConfigMap(metadata=ObjectMeta(name=f"c{number}", namespace="default")))
            acknowledged.append((made.metadata.name, made.metadata.resourceVersion))
    except OSError:
        pass
    finally:
        killer.join()
        await client.close()
    assert acknowledged
    assert first.over()[0] == -signal.SIGKILL
    second = Server(tmp_path / "d", first.port)
    servers.append(second)
    assert second.said == "ready"
    client = second.client()
    found = {(c.metadata.name, c.metadata.resourceVersion) for c in await client.list(ConfigMap, "default")}
    await client.close()
    assert set(acknowledged) <= found


def test_a_port_that_somebody_else_has_is_named(tmp_path: Path, servers: list[Server]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = Server(tmp_path / "d", taken.getsockname()[1])
        servers.append(server)
        code, lines = server.over()
    assert code == 1
    assert len(lines) == 1
    assert str(server.port) in lines[0]
    assert "in use" in lines[0]
    assert server.said == f"failed {lines[0].removeprefix('wherry: ')}"
    assert not (tmp_path / "d" / "kubeconfig").exists()


def test_a_second_one_on_the_same_store_goes_without_touching_anything(
    tmp_path: Path, servers: list[Server]
) -> None:
    first = Server(tmp_path / "d")
    servers.append(first)
    before = (tmp_path / "d" / "kubeconfig").read_bytes()
    second = Server(tmp_path / "d")
    servers.append(second)
    code, lines = second.over()
    assert code == 1
    assert len(lines) == 1
    assert f"is in use by process {first.process.pid}" in lines[0]
    assert (tmp_path / "d" / "kubeconfig").read_bytes() == before
    assert first.end() == (0, [])


def test_a_damaged_store_is_named_and_left_as_it_is(tmp_path: Path, servers: list[Server]) -> None:
    store = tmp_path / "d" / "store" / "wherry.db"
    store.parent.mkdir(parents=True)
    store.write_bytes(b"this is no database" * 100)
    server = Server(tmp_path / "d")
    servers.append(server)
    code, lines = server.over()
    assert code == 1
    assert len(lines) == 1
    assert str(store) in lines[0]
    assert store.read_bytes() == b"this is no database" * 100


def test_a_damaged_key_is_named(tmp_path: Path, servers: list[Server]) -> None:
    pki = tmp_path / "d" / "pki"
    pki.mkdir(parents=True)
    (pki / "ca.crt").write_text("nonsense")
    (pki / "ca.key").write_text("nonsense")
    server = Server(tmp_path / "d")
    servers.append(server)
    code, lines = server.over()
    assert code == 1
    assert len(lines) == 1
    assert "ca.crt or .key is damaged" in lines[0]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path, servers: list[Server]) -> None:
    (tmp_path / "d").write_text("")
    server = Server(tmp_path / "d")
    servers.append(server)
    code, lines = server.over()
    assert code == 1
    assert lines == [
        f"wherry: {tmp_path / 'd'} cannot be written: File exists; choose another folder with --data-dir"
    ]
