"""What the node room's tests share: a clock, an API server in process, a node with a fake runtime."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wherry.api.core.event import Event
from wherry.api.core.namespace import Namespace
from wherry.api.core.pod import Pod
from wherry.api.core.serviceaccount import ServiceAccount
from wherry.apiserver.server import ApiServer, Settings
from wherry.client.client import Client
from wherry.cluster.inprocess import InProcess
from wherry.machinery.errors import AlreadyExists, NotFound
from wherry.machinery.meta import ObjectMeta
from wherry.node.agent import Agent
from wherry.node.config import AgentConfig
from wherry.node.runtimes.fake import FakeRuntime
from wherry.store.memory import MemoryStore

LIMIT = 10.0  # seconds


class SystemClock:
    """The machine's own time and chance."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def uuid(self) -> str:
        return str(uuid.uuid4())

    def suffix(self, length: int = 5) -> str:
        return uuid.uuid4().hex[:length]

    def random(self) -> float:
        return 0.5


class Node:
    """A node whose runtime is fake and whose API server is real. The agent can be stopped and started."""

    def __init__(self, client: Client, folder: Path, runtime: Any = None, **config: Any) -> None:
        self.client = client
        self.clock = SystemClock()
        self.runtime = runtime or FakeRuntime(self.clock)
        config = {"may_mount": False, **config}
        self.config = AgentConfig(node_name="n1", data_folder=folder, node_ip="192.0.2.1", **config)
        self.agent: Agent | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.agent = Agent(self.config, self.client.transport, self.runtime, self.clock)
        self._task = asyncio.create_task(self.agent.run())
        ready = asyncio.create_task(self.agent.keeper.became_ready())
        async with asyncio.timeout(LIMIT):
            await asyncio.wait([self._task, ready], return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def create(self, name: str, **spec: Any) -> Pod:
        tree = {"restartPolicy": "Always", "containers": [{"name": "c", "image": "app:1"}], **spec}
        tree |= {"nodeName": "n1", "automountServiceAccountToken": False}
        body = {"metadata": {"name": name, "namespace": "default"}, "spec": tree}
        return await self.client.create(msgspec.convert(body, Pod))

    async def until(self, name: str, condition: Callable[[Pod], bool]) -> Pod:
        """The pod, as soon as the API shows it in the state that `condition` describes."""
        last: Pod | None = None
        try:
            async with asyncio.timeout(LIMIT):
                async for events in self.client.watch(Pod, fieldSelector=f"metadata.name={name}"):
                    for event in events:
                        if event.object is not None:
                            found: Pod = event.object
                            last = found
                            if condition(found):
                                return found
        except TimeoutError:
            pytest.fail(f"pod {name} did not get there; it is {msgspec.to_builtins(last)}")
        pytest.fail("the watch ended")

    async def said(self, reason: str) -> list[str]:
        """The messages of all events for `reason`, as soon as there are any."""
        found: list[str] = []

        async def look() -> bool:
            events = await self.client.list(Event, fieldSelector=f"reason={reason}")
            found[:] = [event.message for event in events]
            return bool(found)

        await self.until_true(look)
        return found

    async def until_gone(self, name: str) -> None:
        async with asyncio.timeout(LIMIT):
            while await self.client.find(Pod, name, "default") is not None:  # noqa: ASYNC110 it ends by itself
                await asyncio.sleep(0.01)

    async def until_true(self, condition: Callable[[], bool | Awaitable[bool]]) -> None:
        async with asyncio.timeout(LIMIT):
            while True:
                value = condition()
                if value if isinstance(value, bool) else await value:
                    return
                await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def make_node() -> type[Node]:
    return Node


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    clock = SystemClock()
    store = MemoryStore(clock=clock)
    server = ApiServer(store, clock, Settings(version="v1.37.0", advertise="192.0.2.9"))
    await server.start()
    client = Client(InProcess(server.api))
    for namespace in ("default", "kube-node-lease"):
        with contextlib.suppress(AlreadyExists):
            await client.create(Namespace(metadata=ObjectMeta(name=namespace)))
    with contextlib.suppress(AlreadyExists, NotFound):
        await client.create(ServiceAccount(metadata=ObjectMeta(name="default", namespace="default")))
    yield client
    await server.close()
    await store.close()


@pytest.fixture
async def node(client: Client, tmp_path: Path) -> AsyncIterator[Node]:
    made = Node(client, tmp_path)
    await made.start()
    yield made
    await made.stop()
    await made.runtime.close()
