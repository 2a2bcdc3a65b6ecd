"""Sockets in the network namespaces of pods."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator

import pytest

from wherry.node.runtimes import netns
from wherry.node.runtimes.interface import RuntimeFailure


@pytest.fixture
def other() -> Iterator[str]:
    """The path of a namespace in which nothing but the loopback is up."""
    script = "ip link set lo up && echo up && exec sleep 1000"
    process = subprocess.Popen(["unshare", "-n", "sh", "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    yield f"/proc/{process.pid}/ns/net"
    process.kill()
    process.wait()
    process.stdout.close()


async def test_the_empty_path_is_the_nodes_own_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = await netns.connect("", server.getsockname()[1])
        with connection:
            assert connection.getblocking() is False


async def test_ipv6_is_tried_when_ipv4_is_refused() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        connection = await netns.connect("", server.getsockname()[1])
        with connection:
            assert connection.family == socket.AF_INET6


async def test_a_missing_namespace_is_told() -> None:
    with pytest.raises(RuntimeFailure, match="cannot be opened"):
        await netns.connect("/nonexistent", 80)


@pytest.mark.machine
async def test_connects_inside_without_leaving_outside(other: str) -> None:
    before = os.readlink("/proc/thread-self/ns/net")
    server = await netns.open_socket(other, socket.AF_INET)
    with server:
        server.bind(("127.0.0.1", 8080))
        server.listen()
        with await netns.connect(other, 8080) as connection:
            peer, _ = await asyncio.get_running_loop().sock_accept(server)
            with peer:
                await asyncio.get_running_loop().sock_sendall(connection, b"hello")
                assert await asyncio.get_running_loop().sock_recv(peer, 100) == b"hello"
        with pytest.raises(ConnectionRefusedError):
            await netns.connect("", 8080)
    assert os.readlink("/proc/thread-self/ns/net") == before


@pytest.mark.machine
async def test_nobody_there_is_a_refused_connection(other: str) -> None:
    with pytest.raises(ConnectionRefusedError, match="localhost:8080"):
        await netns.connect(other, 8080)
