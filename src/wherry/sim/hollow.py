"""HollowNode: a node that runs Pods without containers: what is bound to it is Running at once.

It speaks to the API as a node agent does: registers, renews its lease, writes Pod statuses, lets Pods go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from wherry.api.coordination.lease import Lease, LeaseSpec
from wherry.api.core.node import Node, NodeAddress, NodeCondition, NodeSpec, NodeStatus
from wherry.api.core.pod import Pod
from wherry.api.core.podstatus import (
    ContainerState,
    ContainerStateRunning,
    ContainerStatus,
    HostIP,
    PodCondition,
    PodIP,
    PodStatus,
)
from wherry.client.cache import Caches, Change, Key, key_of
from wherry.client.client import Client
from wherry.machinery.clock import Clock
from wherry.machinery.conditions import set_condition
from wherry.machinery.errors import AlreadyExists, Conflict, NotFound
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit
from wherry.machinery.times import format_micro, format_seconds

LEASE_SECONDS = 40
RENEW_SECONDS = 10.0
CONDITIONS = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}
RUNNING = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")


class HollowNode:
    """`ready_after`: seconds from binding to Ready; 0 is at once."""

    def __init__(
        self,
        name: str,
        client: Client,
        caches: Caches,
        clock: Clock,
        *,
        number: int = 1,
        ready_after: float = 0.0,
    ) -> None:
        self.name = name
        self.client = client
        self.clock = clock
        self.number = number
        self.ready_after = ready_after
        self.pods = caches.of(Pod, fieldSelector=f"spec.nodeName={name}")
        self._seen: set[str] = set()
        self._addresses = 0

    async def run(self) -> None:
        """Be a node until cancelled."""
        await self._register()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._renew(), name=f"{self.name}: lease")

            def changed(changes: Sequence[Change[Pod]]) -> None:
                for change in changes:
                    if change.new is not None:
                        self._look(change.new, group)

            end = self.pods.subscribe(changed)
            try:
                await asyncio.get_running_loop().create_future()  # until cancelled
            finally:
                end()

    async def _register(self) -> None:
        now = format_seconds(self.clock.now())
        capacity = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"}
        conditions = tuple(
            NodeCondition(
                type=kind,
                status=status,
                reason=reason,
                message=message,
                lastHeartbeatTime=now,
                lastTransitionTime=now,
            )
            for kind, (status, reason, message) in CONDITIONS.items()
        )
        labels = {
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
        }
        node = Node(
            metadata=ObjectMeta(name=self.name, labels=labels),
            spec=NodeSpec(podCIDR=f"10.244.{self.number}.0/24"),
            status=NodeStatus(
                capacity=capacity,
                allocatable=capacity,
                conditions=conditions,
                addresses=(NodeAddress(type="InternalIP", address="127.0.0.1"),),
            ),
        )
        try:
            made = await self.client.create(node)
        except AlreadyExists:
            made = await self.client.get(Node, self.name)
        await self.client.update_status(edit(made, status=node.status))

    async def _renew(self) -> None:
        metadata = ObjectMeta(name=self.name, namespace="kube-node-lease")
        lease: Lease | None = None
        while True:
            spec = LeaseSpec(
                holderIdentity=self.name,
                leaseDurationSeconds=LEASE_SECONDS,
                renewTime=format_micro(self.clock.now()),
            )
            try:
                if lease is None:
                    lease = await self.client.find(Lease, self.name, "kube-node-lease")
                if lease is None:
                    lease = await self.client.create(Lease(metadata=metadata, spec=spec))
                else:
                    lease = await self.client.update(edit(lease, spec=spec))
            except (AlreadyExists, Conflict, NotFound):
                lease = None
            await asyncio.sleep(RENEW_SECONDS)

    def _look(self, pod: Pod, group: asyncio.TaskGroup) -> None:
        if pod.metadata.deletionTimestamp:
            group.create_task(self._let_go(pod), name=f"{self.name}: end {pod.metadata.name}")
        elif pod.metadata.uid not in self._seen:
            self._seen.add(pod.metadata.uid)
            group.create_task(self._start(pod), name=f"{self.name}: start {pod.metadata.name}")

    async def _start(self, pod: Pod) -> None:
        if self.ready_after:
            await asyncio.sleep(self.ready_after)
        self._addresses += 1
        address = f"10.244.{self.number}.{self._addresses % 253 + 2}"
        await self._say(key_of(pod), pod.metadata.uid, self._status(pod, address))

    def _status(self, pod: Pod, address: str) -> PodStatus:
        now = self.clock.now()
        started = format_seconds(now)
        status = edit(
            pod.status,
            phase="Running",
            startTime=started,
            hostIP="127.0.0.1",
            hostIPs=(HostIP(ip="127.0.0.1"),),
            podIP=address,
            podIPs=(PodIP(ip=address),),
            containerStatuses=tuple(
                ContainerStatus(
                    name=container.name,
                    image=container.image,
                    imageID=f"hollow://{container.image}",
                    containerID=f"hollow://{pod.metadata.uid}/{container.name}",
                    ready=True,
                    started=True,
                    state=ContainerState(running=ContainerStateRunning(startedAt=started)),
                )
                for container in pod.spec.containers
            ),
        )
        conditions = status.conditions
        for kind in RUNNING:
            conditions = set_condition(conditions, PodCondition(type=kind, status="True"), now)
        return edit(status, conditions=conditions)

    async def _say(self, key: Key, uid: str, status: PodStatus) -> None:
        """Write a status, unless the Pod is gone or is another one by now."""
        namespace, name = key
        for _ in range(5):
            pod = await self.client.find(Pod, name, namespace)
            if pod is None or pod.metadata.uid != uid:
                return
            try:
                await self.client.update_status(edit(pod, status=status))
                return
            except Conflict:
                continue
            except NotFound:
                return

    async def _let_go(self, pod: Pod) -> None:
        try:
            await self.client.delete(pod, grace=0, uid=pod.metadata.uid)
        except (NotFound, Conflict):
            return
