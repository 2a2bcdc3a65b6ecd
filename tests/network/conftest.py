"""A node with pods and an outside client, as network namespaces that the test makes and removes."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Literal, TypeVar

import pytest

from wherry.api.core.service import Service
from wherry.api.discovery.endpointslice import Endpoint, EndpointConditions, EndpointPort, EndpointSlice
from wherry.api.registry import resource_for
from wherry.client.cache import Cache
from wherry.client.transport import Event
from wherry.machinery.meta import Object, ObjectMeta
from wherry.network import pods
from wherry.network.pods import PodNetwork
from wherry.network.proxy.adapter import SERVICE_NAME, Place
from wherry.network.proxy.model import Ranges
from wherry.network.proxy.proxier import Proxier

T = TypeVar("T")

_libc = ctypes.CDLL(None, use_errno=True)

RANGES = Ranges(pods=("10.42.0.0/16", "fd42::/48"), services=("10.96.0.0/12", "fd96::/108"))
PORT = 8080
TIMEOUT = 5.0


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return monotonic()

    def uuid(self) -> str:
        return "00000000-0000-4000-8000-000000000000"

    def suffix(self, length: int = 5) -> str:
        return "b" * length

    def random(self) -> float:
        return 0.5


def inside(namespace: str, act: Callable[[], T]) -> T:
    """What `act` returns when it is called in that network namespace."""
    result: Future[T] = Future()

    def run() -> None:
        try:
            descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
            try:
                assert _libc.setns(descriptor, 0x40000000) == 0
            finally:
                os.close(descriptor)
            result.set_result(act())
        except BaseException as error:
            result.set_exception(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join()
    return result.result()


class Server:
    """Says its name and whom it sees, over TCP and UDP, from a namespace."""

    def __init__(self, namespace: str, name: str, address: str, port: int = PORT) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.name = name
        self.connections = inside(namespace, lambda: socket.create_server((address, port), family=family))
        self.datagrams = inside(namespace, lambda: socket.socket(family, socket.SOCK_DGRAM))
        self.datagrams.bind((address, port))
        self.threads = [threading.Thread(target=each, daemon=True) for each in (self._serve, self._answer)]
        for thread in self.threads:
            thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, peer = self.connections.accept()
            except OSError:
                return
            with connection:
                connection.sendall(f"{self.name} {peer[0]}".encode())

    def _answer(self) -> None:
        while True:
            try:
                data, peer = self.datagrams.recvfrom(100)
            except OSError:
                return
            if not data:
                return
            self.datagrams.sendto(f"{self.name} {peer[0]}".encode(), peer)

    def close(self) -> None:
        self.connections.shutdown(socket.SHUT_RDWR)
        self.connections.close()
        with contextlib.suppress(OSError):  # says that it is not connected, but wakes whoever waits
            self.datagrams.shutdown(socket.SHUT_RDWR)
        self.datagrams.close()
        for thread in self.threads:
            thread.join(TIMEOUT)


class Lab:
    """One node (`node`), pods `pod1` to `pod3` at its bridge, and a client `out` beyond its other device."""

    def __init__(self, prefix: str, folder: Path) -> None:
        self.prefix = prefix
        self.network = PodNetwork(
            name=f"wherry-{prefix}",
            pods=("10.42.0.0/24", "fd42::/64"),
            cluster=RANGES,
            folder=folder / "state",
            cni=folder / "cni",
        )
        self.namespaces: list[str] = []
        self.servers: list[Server] = []
        self.services: Cache[Service] = Cache(resource_for(Service))
        self.slices: Cache[EndpointSlice] = Cache(resource_for(EndpointSlice))
        self.loop = asyncio.new_event_loop()
        self.task: asyncio.Task[None] | None = None

    # making

    def open(self) -> None:
        for name in ("node", "out", "pod1", "pod2", "pod3"):
            self._add(name)
        self._ip("node", "link add eth0 type veth peer name eth0 netns " + self.at("out"))
        for name, last in (("node", 2), ("out", 9)):
            self._ip(name, f"addr add 203.0.113.{last}/24 dev eth0")
            self._ip(name, f"addr add fd20::{last}/64 dev eth0 nodad")
            self._ip(name, "link set eth0 up")
        self._ip("out", "route add 10.96.0.0/12 via 203.0.113.2")
        self._ip("out", "route add 198.51.100.0/24 via 203.0.113.2")
        self.shell("node", "sysctl", "-qw", "net.ipv4.ip_forward=0")
        started = threading.Event()

        def run() -> None:
            inside(self.at("node"), lambda: self._run_loop(started))

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert started.wait(TIMEOUT)
        self.do(pods.up(self.network))
        for number in (1, 2, 3):
            self._plug(f"pod{number}", number + 10)
        self.do(self._start_proxy())

    def _run_loop(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.call_soon(started.set)
        self.loop.run_forever()

    async def _start_proxy(self) -> None:
        self.services.take([Event("SYNCED", None, "1")])
        self.slices.take([Event("SYNCED", None, "1")])
        self.proxier = Proxier(
            self.services, self.slices, Place("node"), RANGES, RealClock(), table=self.network.name
        )
        self.task = asyncio.create_task(self.proxier.run())
        await self.proxier.applied()

    def _add(self, name: str) -> None:
        subprocess.run(["ip", "netns", "add", self.at(name)], check=True)
        self.namespaces.append(self.at(name))
        self._ip(name, "link set lo up")

    def _plug(self, name: str, last: int) -> None:
        """Attach a pod as the CNI plugin `bridge` does."""
        self._ip("node", f"link add v{name} type veth peer name eth0 netns {self.at(name)}")
        self._ip("node", f"link set v{name} master {self.network.bridge} up")
        bridge = ["bridge", "-n", self.at("node"), "link", "set", "dev", f"v{name}", "hairpin", "on"]
        subprocess.run(bridge, check=True)
        self._ip(name, f"addr add 10.42.0.{last}/24 dev eth0")
        self._ip(name, f"addr add fd42::{last}/64 dev eth0 nodad")
        self._ip(name, "link set eth0 up")
        self._ip(name, "route add default via 10.42.0.1")
        self._ip(name, "route add default via fd42::1")

    def _ip(self, name: str, arguments: str) -> None:
        subprocess.run(["ip", "-n", self.at(name), *arguments.split()], check=True)

    def at(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    # acting

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something on the node."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def serve(self, *pods: int, port: int = PORT) -> None:
        for number in pods:
            for address in (f"10.42.0.{number + 10}", f"fd42::{number + 10}"):
                self.servers.append(Server(self.at(f"pod{number}"), f"pod{number}", address, port))

    def write(self, *objects: Object) -> None:
        """Tell the proxy of new states, and wait until the kernel has them."""
        self.do(self._take("MODIFIED", objects))

    def delete(self, *objects: Object) -> None:
        self.do(self._take("DELETED", objects))

    async def _take(self, kind: Literal["MODIFIED", "DELETED"], objects: tuple[Object, ...]) -> None:
        self.services.take([Event(kind, each, "") for each in objects if isinstance(each, Service)])
        self.slices.take([Event(kind, each, "") for each in objects if isinstance(each, EndpointSlice)])
        await self.proxier.applied()

    def tcp(self, name: str, address: str, port: int) -> tuple[str, str]:
        """Who answers, and whom it sees."""

        def call() -> tuple[str, str]:
            with socket.create_connection((address, port), timeout=TIMEOUT) as connection:
                server, _, seen = connection.recv(100).decode().partition(" ")
                return server, seen

        return inside(self.at(name), call)

    def udp(self, name: str, address: str) -> socket.socket:
        """A UDP socket that keeps its port."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = inside(self.at(name), lambda: socket.socket(family, socket.SOCK_DGRAM))
        made.settimeout(TIMEOUT)
        made.connect((address, 80))
        return made

    def shell(self, name: str, *command: str) -> str:
        found = subprocess.run(
            ["nsenter", f"--net=/run/netns/{self.at(name)}", *command],
            check=True,
            capture_output=True,
            text=True,
        )
        return found.stdout

    # removing

    async def _remove(self) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.proxier.remove()
        await pods.down(self.network)

    def remove(self) -> None:
        """As a purge does."""
        self.do(self._remove())

    def close(self) -> None:
        try:
            self._stop()
        finally:
            for namespace in self.namespaces:
                subprocess.run(["ip", "netns", "del", namespace], check=True)

    def _stop(self) -> None:
        for server in self.servers:
            server.close()
        if self.loop.is_running():
            if self.task is not None and not self.task.done():
                self.remove()
            self.do(self.loop.shutdown_default_executor())
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(TIMEOUT)
        self.loop.close()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(f"w{os.getpid() % 10000}", tmp_path)
    try:
        made.open()
        yield made
    finally:
        made.close()


def endpoint(number: int, *, ready: bool = True, serving: bool = True, terminating: bool = False) -> Endpoint:
    return Endpoint(
        addresses=(f"10.42.0.{number + 10}",),
        conditions=EndpointConditions(ready=ready, serving=serving, terminating=terminating),
        nodeName="node",
    )


def slice_of(service: Service, *endpoints: Endpoint, ipv6: bool = False, port: int = PORT) -> EndpointSlice:
    """One slice with all endpoints of a Service, for each of its ports."""
    name = service.metadata.name
    if ipv6:
        endpoints = tuple(
            Endpoint(
                addresses=(each.addresses[0].replace("10.42.0.", "fd42::"),),
                conditions=each.conditions,
                nodeName=each.nodeName,
            )
            for each in endpoints
        )
    return EndpointSlice(
        metadata=ObjectMeta(
            name=f"{name}-6" if ipv6 else name, namespace="default", labels={SERVICE_NAME: name}
        ),
        addressType="IPv6" if ipv6 else "IPv4",
        endpoints=endpoints,
        ports=tuple(
            EndpointPort(name=each.name, port=port, protocol=each.protocol) for each in service.spec.ports
        ),
    )
