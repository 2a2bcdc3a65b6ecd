"""A whole control plane in memory and in virtual time, with a scripted kubelet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from wherry.api.apps.deployment import (
    Deployment,
    DeploymentSpec,
    DeploymentStrategy,
    RollingUpdateDeployment,
)
from wherry.api.coordination.lease import Lease, LeaseSpec
from wherry.api.core.container import Container
from wherry.api.core.namespace import Namespace
from wherry.api.core.node import Node, NodeCondition, NodeStatus
from wherry.api.core.pod import Pod, PodSpec
from wherry.api.core.podstatus import PodCondition, PodIP
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.apiserver.server import ApiServer, Settings
from wherry.client.cache import Caches, Change
from wherry.client.client import Client
from wherry.cluster.inprocess import InProcess
from wherry.controllers.contract import Controller
from wherry.machinery.conditions import has_condition
from wherry.machinery.errors import StatusError
from wherry.machinery.meta import LabelSelector, ObjectMeta
from wherry.machinery.schema import edit
from wherry.machinery.times import format_micro, format_seconds
from wherry.manager.engine import Engine
from wherry.sim.clock import VirtualClock, run
from wherry.store.memory import MemoryStore

NODES = ("n1", "n2", "n3")


class Cluster:
    """Everything that runs, and what tests do with it."""

    def __init__(self, server: ApiServer, clock: VirtualClock, which: Sequence[Controller] | None) -> None:
        self.clock = clock
        transport = InProcess(server.api, agent="kube-controller-manager")
        self.client = Client(transport)
        self.caches = Caches(transport, clock)
        self.engine = Engine(self.client, self.caches, clock, which=which)
        self.kubelet = Kubelet(self)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.caches.run())
            group.create_task(self.engine.run())
            group.create_task(self.kubelet.run())

    async def after(self, seconds: float) -> None:
        """Let the cluster work for a while, which takes no real time."""
        await asyncio.sleep(seconds)

    async def until(self, condition: Callable[[], Awaitable[bool]], within: float = 120.0) -> None:
        async with asyncio.timeout(within):
            while not await condition():  # noqa: ASYNC110 - tests look from outside
                await asyncio.sleep(0.1)

    async def pods(self, namespace: str = "default") -> list[Pod]:
        return await self.client.list(Pod, namespace)


class Kubelet:
    """Makes Pods run and be ready after a second, and lets deleted ones go after another."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.works = True
        self.silent: set[str] = set()
        self.makes_ready = True
        self.ends_pods = True
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0

    async def run(self) -> None:
        for name in NODES:
            await self.cluster.client.create(Node(metadata=ObjectMeta(name=name)))
        pods = self.cluster.caches.of(Pod)
        await pods.synced()
        pods.subscribe(self._changed)
        try:
            while True:
                for name in NODES:
                    if name not in self.silent:
                        await self._beat(name)
                await asyncio.sleep(10)
        finally:
            for task in self._tasks:
                task.cancel()

    async def _beat(self, name: str) -> None:
        """Renew the Lease; say that the node is ready if it is said not to be."""
        client = self.cluster.client
        spec = LeaseSpec(holderIdentity=name, renewTime=format_micro(self.cluster.clock.now()))
        lease = await client.find(Lease, name, "kube-node-lease")
        if lease is None:
            await client.create(Lease(metadata=ObjectMeta(name=name, namespace="kube-node-lease"), spec=spec))
        else:
            await client.update(edit(lease, spec=spec))
        node = await client.get(Node, name)
        if not has_condition(node.status.conditions, "Ready"):
            now = format_seconds(self.cluster.clock.now())
            ready = NodeCondition(type="Ready", status="True", lastHeartbeatTime=now, lastTransitionTime=now)
            await client.update_status(edit(node, status=NodeStatus(conditions=(ready,))))

    def _changed(self, changes: Sequence[Change[Pod]]) -> None:
        for change in changes:
            if not self.works or change.new is None:
                continue
            if change.new.metadata.deletionTimestamp:
                if self.ends_pods:
                    self._later(self._end(change.new))
            elif change.old is None:
                self._later(self._start(change.new))

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start(self, pod: Pod) -> None:
        await asyncio.sleep(1)
        await self.start(pod, ready=self.makes_ready)

    async def start(self, pod: Pod, *, ready: bool = True) -> None:
        try:
            if not pod.spec.nodeName:
                await self.cluster.client.bind(pod, "n1")
            current = await self.cluster.client.get(Pod, pod.metadata.name, pod.metadata.namespace)
            await self.cluster.client.update_status(self._running(current, ready))
        except StatusError:
            return  # deleted meanwhile

    def _running(self, pod: Pod, ready: bool) -> Pod:
        self._count += 1
        address = f"10.0.{self._count // 250}.{self._count % 250 + 1}"
        condition = PodCondition(
            type="Ready",
            status="True" if ready else "False",
            lastTransitionTime=format_seconds(self.cluster.clock.now()),
        )
        status = edit(
            pod.status,
            phase="Running",
            podIP=address,
            podIPs=(PodIP(ip=address),),
            conditions=(*(each for each in pod.status.conditions if each.type != "Ready"), condition),
        )
        return edit(pod, status=status)

    async def _end(self, pod: Pod) -> None:
        await asyncio.sleep(1)
        try:
            await self.cluster.client.delete(pod, grace=0)
        except StatusError:
            return  # gone already


Scenario = Callable[[Cluster], Awaitable[None]]
Play = Callable[..., None]


@pytest.fixture
def play() -> Play:
    """Runs a scenario in a fresh cluster, in virtual time."""

    def play(scenario: Scenario, which: Sequence[Controller] | None = None) -> None:
        run(_play(scenario, which))

    return play


async def _play(scenario: Scenario, which: Sequence[Controller] | None) -> None:
    clock = VirtualClock(seed=1)
    server = ApiServer(MemoryStore(clock=clock), clock, Settings(version="test", advertise="192.0.2.1"))
    await server.start()
    cluster = Cluster(server, clock, which)
    work = asyncio.create_task(cluster.run())
    try:
        test = asyncio.ensure_future(scenario(cluster))
        await asyncio.wait((work, test), return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            test.cancel()
            work.result()
        await test
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await server.close()


@pytest.fixture
def web() -> Callable[..., Deployment]:
    """A Deployment of Pods labelled app=web."""

    def web(
        replicas: int = 3,
        image: str = "web:1",
        surge: int | str = "25%",
        unavailable: int | str = "25%",
        namespace: str = "default",
        **spec: object,
    ) -> Deployment:
        labels = {"app": "web"}
        template = PodTemplateSpec(
            metadata=ObjectMeta(labels=labels),
            spec=PodSpec(containers=(Container(name="web", image=image),)),
        )
        rolling = RollingUpdateDeployment(maxSurge=surge, maxUnavailable=unavailable)
        fields = {"strategy": DeploymentStrategy(rollingUpdate=rolling), **spec}
        return Deployment(
            metadata=ObjectMeta(name="web", namespace=namespace),
            spec=edit(
                DeploymentSpec(
                    replicas=replicas, selector=LabelSelector(matchLabels=labels), template=template
                ),
                **fields,
            ),
        )

    return web


@pytest.fixture
def namespace() -> Callable[[str], Namespace]:
    return lambda name: Namespace(metadata=ObjectMeta(name=name))
