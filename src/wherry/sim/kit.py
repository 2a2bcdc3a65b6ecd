"""Kit: a control plane in the test's own process, on a store in memory, with one simulated node.

    with Cluster() as cluster:
        cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", ...})
        cluster.wait(Deployment, "web", lambda found: found.status.readyReplicas == 3)

Inside a running event loop, and in virtual time, it is `async with Cluster() as cluster` and the methods of
`cluster.client`. `cluster.url` opens a port for programs that speak HTTP.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from wherry import __version__
from wherry.apiserver.call import User
from wherry.apiserver.server import ApiServer, Settings
from wherry.client import kubeconfig
from wherry.client.client import Client
from wherry.cluster.clock import SystemClock
from wherry.cluster.controlplane import ControlPlane
from wherry.cluster.inprocess import InProcess
from wherry.machinery.clock import Clock
from wherry.machinery.errors import NotFound
from wherry.machinery.meta import Object
from wherry.sim.hollow import HollowNode
from wherry.store.interface import Store
from wherry.store.memory import MemoryStore
from wherry.wire.client import HttpClient

T = TypeVar("T")
ObjectT = TypeVar("ObjectT", bound=Object)
ADMIN = User("kubernetes-admin", ("system:masters", "system:authenticated"))


class NoDialer:
    """There is nothing behind a simulated node that could be reached."""

    def agent(self, host: str, port: int) -> HttpClient:
        raise NotFound("a simulated node has no containers to reach: run a real one with `wherry up`")

    def plain(self, scheme: str, host: str, port: int) -> HttpClient:
        return self.agent(host, port)


class Cluster:
    """`nodes`: how many simulated nodes. `controllers`: False for a bare API server, nothing else running."""

    def __init__(
        self,
        *,
        nodes: int = 1,
        controllers: bool = True,
        clock: Clock | None = None,
        store: Store | None = None,
        ready_after: float = 0.0,
    ) -> None:
        self.clock = clock or SystemClock()
        self.store = store
        self.nodes = nodes
        self.controllers = controllers
        self.ready_after = ready_after
        self.client: Client
        self.server: ApiServer
        self._tasks: list[asyncio.Task[None]] = []
        self._thread: _Thread | None = None
        self._token = ""

    # in an event loop

    async def __aenter__(self) -> Cluster:
        self._token = self.clock.uuid()
        settings = Settings(version=__version__, port=0, static_tokens={self._token: ADMIN})
        self.server = ApiServer(self.store or MemoryStore(clock=self.clock), self.clock, settings)
        await self.server.start()
        self.client = Client(InProcess(self.server.api, ADMIN, agent="test"))
        if self.controllers:
            plane = ControlPlane(self.server, self.clock)
            self._run(plane.run(), "control plane")
            client = Client(InProcess(self.server.api, agent="kubelet"))
            for number in range(1, self.nodes + 1):
                node = HollowNode(
                    f"node-{number}",
                    client,
                    plane.caches,
                    self.clock,
                    number=number,
                    ready_after=self.ready_after,
                )
                self._run(node.run(), node.name)
            await self._account()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.server.close(0)
        await self.server.api.store.close()
        for error in ended:
            if isinstance(error, Exception):
                raise error

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def _account(self) -> None:
        """Pods can be made once their namespace has its ServiceAccount."""
        from wherry.api.core.serviceaccount import ServiceAccount

        await self.until(ServiceAccount, "default", lambda found: True)

    async def until(
        self,
        kind: type[ObjectT],
        name: str,
        holds: Callable[[ObjectT], bool],
        namespace: str = "default",
        seconds: float = 60.0,
    ) -> ObjectT:
        """Wait until an object is there and something holds of it; the object.

        TimeoutError, with what its status is instead, where that does not come true.
        """
        last: ObjectT | None = None
        try:
            async with asyncio.timeout(seconds):
                async for events in self.client.watch(kind, namespace, fieldSelector=f"metadata.name={name}"):
                    for event in events:
                        if event.object is not None:
                            last = None if event.type == "DELETED" else event.object
                            if last is not None and holds(last):
                                found: ObjectT = last
                                return found
        except TimeoutError:
            what = f"{kind.kind} {namespace}/{name}" if namespace else f"{kind.kind} {name}"
            raise TimeoutError(f"{what} is not as expected after {seconds:g} s: {_told(last)}") from None
        raise AssertionError("a watch inside a process does not end")

    async def put(self, tree: Mapping[str, Any]) -> None:
        """Server-side apply of a manifest."""
        from wherry.cluster.running import apply

        await apply(self.client, dict(tree))

    # from synchronous code

    def __enter__(self) -> Cluster:
        self._thread = _Thread()
        self._thread.do(self.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None
        try:
            self._thread.do(self.__aexit__())
        finally:
            self._thread.end()
            self._thread = None

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine, such as a call of `client`, in the cluster's loop."""
        assert self._thread is not None, "inside an event loop await it instead"
        return self._thread.do(work)

    def apply(self, tree: Mapping[str, Any]) -> None:
        self.do(self.put(tree))

    def wait(
        self,
        kind: type[ObjectT],
        name: str,
        holds: Callable[[ObjectT], bool],
        namespace: str = "default",
        seconds: float = 60.0,
    ) -> ObjectT:
        return self.do(self.until(kind, name, holds, namespace, seconds))

    # for other programs

    async def listen(self) -> str:
        """Open a port on loopback, plain HTTP; the URL. Clients show the token in `token`."""
        if self.server.server is None:
            await self.server.serve(None, NoDialer())
        assert self.server.server is not None
        return f"http://127.0.0.1:{self.server.server.port}"

    @property
    def url(self) -> str:
        return self.do(self.listen())

    @property
    def token(self) -> str:
        return self._token

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig for other programs."""
        kubeconfig.merge(path, "wherry-test", kubeconfig.Access(server=self.url, token=self._token))
        return path


def _told(found: Object | None) -> str:
    """What is worth knowing of an object that should be another."""
    if found is None:
        return "it is not there"
    status = getattr(found, "status", None)
    return "it is there" if status is None else f"its status is {msgspec.json.encode(status).decode()}"


class _Thread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, name="wherry cluster", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
