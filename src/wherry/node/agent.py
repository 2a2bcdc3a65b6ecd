"""Agent: everything that runs on one node: a worker for each of its pods, the node's own status, its server.

    await run(AgentConfig(node_name="n1", data_folder=Path("/var/lib/wherry/n1")), transport, runtime, clock)

Nothing is looked at in intervals but by a slow relist, as a safety net: the API's watch, the runtime's
events and timers drive it. After a restart the runtime is read first, so pods that run are taken over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

from wherry.api.core.pod import Pod
from wherry.api.core.service import Service
from wherry.client.cache import Caches, Change
from wherry.client.client import Client
from wherry.client.transport import Transport
from wherry.machinery.clock import Clock
from wherry.machinery.meta import ObjectMeta
from wherry.node import machine, resources
from wherry.node.config import AgentConfig
from wherry.node.facts import Failure
from wherry.node.images import Images
from wherry.node.logs import rotate_for_ever
from wherry.node.nodestatus import allocatable
from wherry.node.objects import ApiObjects
from wherry.node.observer import Observer
from wherry.node.recorder import Recorder
from wherry.node.runtimes import cgroups
from wherry.node.runtimes.interface import Event, EventKind, Resources, Runtime, RuntimeFailure
from wherry.node.status import NodeKeeper
from wherry.node.tools import Tools
from wherry.node.worker import PodWorker

log = logging.getLogger(__name__)

RELISTED_EVERY = 300.0  # seconds
RUNTIME_RETRIED_AFTER = 0.2  # seconds


class Agent:
    """One node's agent. `run` keeps it going until it is cancelled."""

    def __init__(self, config: AgentConfig, transport: Transport, runtime: Runtime, clock: Clock) -> None:
        self.config = config
        self.workers: dict[str, PodWorker] = {}
        self._caches = Caches(transport, clock)
        self._client = Client(transport)
        self._group: asyncio.TaskGroup | None = None
        self._looking: dict[str, bool] = {}  # what is being looked at, and whether once more
        facts = machine.detect(config.data_folder)
        recorder = Recorder(self._client, clock, config.node_name)
        self.keeper = NodeKeeper(config, self._client, runtime, clock, facts, recorder.node_event)
        self.pods = self._caches.of(Pod, fieldSelector=f"spec.nodeName={config.node_name}")
        self.tools = Tools(
            config=config,
            runtime=runtime,
            client=self._client,
            clock=clock,
            machine=facts,
            objects=ApiObjects(self._client, self._caches, clock, self._source_changed),
            services=self._caches.of(Service),
            images=Images(runtime, clock),
            recorder=recorder,
            observer=Observer(runtime, config.node_name),
            cgroups=cgroups.detect(),
            spawn=self._spawn,
        )

    @property
    def caches(self) -> Caches:
        """What this node sees of the cluster. Who works on the same node shares it: they see the same."""
        return self._caches

    async def run(self) -> None:
        self.config.pods.mkdir(parents=True, exist_ok=True, mode=0o750)
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self._caches.run())
            await self._read_runtime()
            self._make_classes()
            group.create_task(self.tools.recorder.run())
            group.create_task(self._serve())
            group.create_task(self._listen())
            group.create_task(self._relist_slowly())
            group.create_task(rotate_for_ever(self.tools))
            self.pods.subscribe(self._pods_changed)
            await self.pods.synced()
            self._take_over_orphans()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        assert self._group is not None
        return self._group.create_task(coroutine)

    async def _serve(self) -> None:
        """The node's server, where it has a certificate, then the Node that says where the server is."""
        if self.config.certificate is None or self.config.key is None or self.config.client_ca is None:
            await self.keeper.run()
            return
        from wherry.node.server.app import NodeServer

        async with NodeServer.started(self) as server:
            self.keeper.port = server.port
            await self.keeper.run()

    # The runtime.

    async def _read_runtime(self) -> None:
        """Wait for the runtime and see what runs there already."""
        while True:
            try:
                self.tools.version = await self.tools.runtime.version()
                self.tools.status = await self.tools.runtime.status()
                await self.tools.observer.relist()
                return
            except RuntimeFailure as error:
                log.info("Waiting for the container runtime.", extra={"error": str(error)})
                await asyncio.sleep(RUNTIME_RETRIED_AFTER)

    def _make_classes(self) -> None:
        """The cgroups of the classes of service: who asked for nothing gets what the others leave."""
        if self.config.may_mount and self.tools.status.cgroup_driver == "cgroupfs":
            idle = Resources(cpu_shares=resources.LEAST_SHARES)
            self.tools.cgroups.make(f"{self.config.cgroup_root}/besteffort", idle)
            self.tools.cgroups.make(f"{self.config.cgroup_root}/burstable")

    async def _listen(self) -> None:
        async for event in self.tools.runtime.events():
            if event.kind is EventKind.RELIST:
                self._spawn(self._relist())
            else:
                self._look_at(event)

    def _look_at(self, event: Event) -> None:
        thing = event.container
        if self.tools.observer.owner_of(thing) is None:
            return  # it is being made right now: whoever makes it looks at it afterwards
        if thing in self._looking:
            self._looking[thing] = True
            return
        self._looking[thing] = False
        self._spawn(self._look(thing))

    async def _look(self, thing: str) -> None:
        try:
            uid = await self.tools.observer.look_at(thing)
            while self._looking[thing]:
                self._looking[thing] = False
                uid = await self.tools.observer.look_at(thing) or uid
        except RuntimeFailure as error:
            log.info("A container could not be looked at.", extra={"id": thing, "error": str(error)})
            return
        finally:
            del self._looking[thing]
        self._wake(uid)

    async def _relist(self) -> None:
        self.keeper.nudge()
        try:
            self.tools.status = await self.tools.runtime.status()
            changed = await self.tools.observer.relist()
        except RuntimeFailure as error:
            log.info("The runtime could not be read.", extra={"error": str(error)})
            return
        for uid in changed:
            self._wake(uid)
        if self.pods.is_synced:
            self._take_over_orphans()

    async def _relist_slowly(self) -> None:
        while True:
            await asyncio.sleep(RELISTED_EVERY)
            await self._relist()

    def _wake(self, uid: str | None) -> None:
        if uid is not None and (worker := self.workers.get(uid)):
            worker.wake()

    # The pods.

    def _pods_changed(self, changes: Sequence[Change[Pod]]) -> None:
        for old, new in changes:
            if old is not None and (new is None or new.metadata.uid != old.metadata.uid):
                self._pod_gone(old)
            if new is not None:
                self._pod_there(new)

    def _pod_there(self, pod: Pod) -> None:
        worker = self.workers.get(pod.metadata.uid)
        if worker is not None:
            worker.update(pod)
        else:
            self._begin(PodWorker(pod, self.tools, rejected=self._rejection(pod)))

    def _pod_gone(self, pod: Pod) -> None:
        worker = self.workers.get(pod.metadata.uid)
        if worker is not None:
            worker.remove(pod)

    def _begin(self, worker: PodWorker) -> None:
        self.workers[worker.uid] = worker
        self._spawn(self._work(worker))

    async def _work(self, worker: PodWorker) -> None:
        await worker.run()
        uid = worker.uid
        del self.workers[uid]
        self.tools.observer.forget(uid)
        self.tools.objects.release(uid)
        self.tools.images.forget(uid)

    def _rejection(self, pod: Pod) -> Failure | None:
        """Why a new pod finds no room here. One that has been admitted stays admitted."""
        view = self.tools.observer.pods.get(pod.metadata.uid)
        if pod.status.startTime or pod.metadata.deletionTimestamp or (view is not None and view.boxes):
            return None
        others = [worker.pod for worker in self.workers.values() if not worker.is_over]
        short = resources.insufficient(pod, others, allocatable(self.config, self.tools.machine))
        if short is None:
            return None
        self.tools.recorder.pod_event(pod, "Warning", short[0], short[1].removeprefix("Pod was rejected: "))
        return Failure(reason=short[0], message=short[1])

    def _take_over_orphans(self) -> None:
        """What runs for pods that the API does not know any more is stopped and removed."""
        for uid, view in list(self.tools.observer.pods.items()):
            if uid not in self.workers and (view.boxes or view.runs):
                meta = ObjectMeta(name=view.name, namespace=view.namespace, uid=uid)
                self._begin(PodWorker(Pod(metadata=meta), self.tools, gone=True))

    def _source_changed(self, uid: str) -> None:
        if worker := self.workers.get(uid):
            worker.refresh_volumes()


async def run(config: AgentConfig, transport: Transport, runtime: Runtime, clock: Clock) -> None:
    """Be the agent of one node until cancelled. Pods go on without it."""
    await Agent(config, transport, runtime, clock).run()
