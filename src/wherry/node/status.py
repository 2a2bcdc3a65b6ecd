"""Status: registers the node, keeps its lease, and tells the API how it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from wherry.api.coordination.lease import Lease, LeaseSpec
from wherry.api.core.node import Node, NodeStatus
from wherry.client.client import Client
from wherry.machinery import times
from wherry.machinery.clock import Clock
from wherry.machinery.errors import AlreadyExists, Conflict, NotFound, StatusError
from wherry.machinery.meta import ObjectMeta, OwnerReference
from wherry.machinery.schema import edit
from wherry.node.config import AgentConfig
from wherry.node.machine import Facts
from wherry.node.nodestatus import is_same, new_node, node_patch, node_status, own_labels
from wherry.node.runtimes.interface import Image, Runtime, RuntimeFailure, RuntimeStatus, Version

log = logging.getLogger(__name__)

Report = Callable[[str, str, str], None]  # an event about the node: type, reason, message

LEASES = "kube-node-lease"
LEASE_SECONDS = 40
RENEWED_EVERY = 10.0  # seconds
LOOKED_AT_EVERY = 10.0  # seconds, while all is well
IMPATIENT = 0.25  # seconds, while something is missing
TOLD_EVERY = 300.0  # seconds, even if nothing has changed
RETRIED_AFTER = 1.0  # seconds, while the API is away


class NodeKeeper:
    """The Node object and its lease."""

    def __init__(
        self,
        config: AgentConfig,
        client: Client,
        runtime: Runtime,
        clock: Clock,
        machine: Facts,
        report: Report,
    ) -> None:
        self.runtime_status: RuntimeStatus | None = None
        self.version = Version(name="unknown", version="")
        self.port = config.port
        self._config = config
        self._client = client
        self._runtime = runtime
        self._clock = clock
        self._machine = machine
        self._report = report
        self._said = ""  # the last event about being ready
        self._node: Node | None = None
        self._lease: Lease | None = None
        self._told_at = 0.0
        self._nudged = asyncio.Event()
        self._told_ready = asyncio.Event()

    async def became_ready(self) -> None:
        """Wait until the API has been told that this node is Ready."""
        await self._told_ready.wait()

    @property
    def is_ready(self) -> bool:
        return (
            self.runtime_status is not None
            and self.runtime_status.ready
            and self.runtime_status.network_ready
        )

    def nudge(self) -> None:
        """Something about the node may have changed: look at it now."""
        self._nudged.set()

    async def run(self) -> None:
        """Register, then keep lease and status, until cancelled."""
        await self._registered()
        self._report("Normal", "Starting", "Starting kubelet.")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_lease())
            group.create_task(self._keep_status())

    # The Node.

    async def _registered(self) -> None:
        while self._node is None:
            try:
                self._node = await self.register()
            except (StatusError, ConnectionError, TimeoutError) as error:
                log.info("The node can't be registered yet.", extra={"error": str(error)})
                await asyncio.sleep(RETRIED_AFTER)

    async def register(self) -> Node:
        """Make the Node, status and all, or take over the one that is there."""
        await self._look()
        wanted = new_node(self._config, self._machine)
        wanted = edit(wanted, status=await self._status(NodeStatus()))
        if self._config.register:
            try:
                return await self._client.create(wanted)
            except AlreadyExists:
                pass  # from an earlier run
        node = await self._client.get(Node, self._config.node_name)
        missing = {
            key: value
            for key, value in own_labels(self._config, self._machine).items()
            if node.metadata.labels.get(key) != value
        }
        if missing:
            patch = {"metadata": {"labels": missing}}
            node = await self._client.patch(Node, self._config.node_name, patch, type="strategic")
        return node

    async def _look(self) -> None:
        try:
            self.runtime_status = await self._runtime.status()
            self.version = await self._runtime.version()
        except RuntimeFailure as error:
            log.info("The container runtime does not answer.", extra={"error": str(error)})
            self.runtime_status = None

    async def _status(self, old: NodeStatus) -> NodeStatus:
        images: Sequence[Image] = ()
        try:
            images = await self._runtime.list_images() if self.runtime_status else ()
        except RuntimeFailure as error:
            log.info("The runtime does not tell its images.", extra={"error": str(error)})
        return node_status(
            self._config,
            self._machine,
            self.version,
            self.runtime_status,
            images,
            self.port,
            old,
            self._clock.now(),
        )

    async def _keep_status(self) -> None:
        while True:
            self._nudged.clear()
            await self._look()
            try:
                await self._tell()
                pause = LOOKED_AT_EVERY if self.is_ready else IMPATIENT
            except (StatusError, ConnectionError, TimeoutError) as error:
                log.info("The node's status could not be sent.", extra={"error": str(error)})
                pause = RETRIED_AFTER
            try:
                async with asyncio.timeout(pause):
                    await self._nudged.wait()
            except TimeoutError:
                pass  # it is time to look again

    def _say_how_it_is(self) -> None:
        """An event each time that this node becomes ready, or ceases to be."""
        reason = "NodeReady" if self.is_ready else "NodeNotReady"
        if reason != self._said and (self.is_ready or self._said):
            self._report("Normal", reason, f"Node {self._config.node_name} status is now: {reason}")
            self._said = reason

    async def _tell(self) -> None:
        assert self._node is not None
        old = self._node.status
        new = await self._status(old)
        await self._tell_difference(old, new)
        self._say_how_it_is()
        if self.is_ready:
            self._told_ready.set()

    async def _tell_difference(self, old: NodeStatus, new: NodeStatus) -> None:
        now = self._clock.monotonic()
        if is_same(old, new) and now - self._told_at < TOLD_EVERY:
            return
        patch = node_patch(old, new)
        try:
            self._node = await self._client.patch(
                Node, self._config.node_name, patch, type="strategic", subresource="status"
            )
            self._told_at = now
        except NotFound:
            self._node = await self.register()

    # The lease.

    async def _keep_lease(self) -> None:
        while True:
            try:
                await self._renew()
                pause = RENEWED_EVERY * (1 + 0.04 * self._clock.random())
            except Conflict:
                self._lease = None
                continue
            except (StatusError, ConnectionError, TimeoutError) as error:
                log.info("The node's lease could not be renewed.", extra={"error": str(error)})
                self._lease = None
                pause = RETRIED_AFTER
            await asyncio.sleep(pause)

    async def _renew(self) -> None:
        name = self._config.node_name
        if self._lease is None:
            self._lease = await self._client.find(Lease, name, LEASES)
        stamp = times.format_micro(self._clock.now())
        if self._lease is None:
            self._lease = await self._client.create(self._new_lease(stamp))
            return
        spec = edit(
            self._lease.spec, renewTime=stamp, holderIdentity=name, leaseDurationSeconds=LEASE_SECONDS
        )
        self._lease = await self._client.update(edit(self._lease, spec=spec))

    def _new_lease(self, stamp: str) -> Lease:
        name = self._config.node_name
        owners = [] if self._node is None else [self._node.metadata.uid]
        return Lease(
            metadata=ObjectMeta(
                name=name,
                namespace=LEASES,
                ownerReferences=tuple(
                    OwnerReference(apiVersion="v1", kind="Node", name=name, uid=uid) for uid in owners
                ),
            ),
            spec=LeaseSpec(holderIdentity=name, leaseDurationSeconds=LEASE_SECONDS, renewTime=stamp),
        )
