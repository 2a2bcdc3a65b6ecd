"""World: a whole cluster in virtual time to which things happen: its parts go and come back."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from collections.abc import Coroutine
from typing import Any

import msgspec

from wherry.api.apps.deployment import Deployment
from wherry.api.apps.replicaset import ReplicaSet
from wherry.api.core.pod import Pod
from wherry.api.core.serviceaccount import ServiceAccount
from wherry.client.cache import Caches
from wherry.client.client import Client
from wherry.cluster.controlplane import ControlPlane
from wherry.cluster.inprocess import InProcess
from wherry.machinery.errors import NotFound
from wherry.machinery.intorstr import rolling_bounds
from wherry.machinery.ownership import controller_of
from wherry.sim.clock import VirtualClock
from wherry.sim.hollow import HollowNode
from wherry.sim.kit import Cluster
from wherry.store.interface import Change
from wherry.store.memory import MemoryStore

Tree = dict[str, Any]

IMAGES = ("x:1", "x:2", "x:3")
ROLLING = (("25%", "25%"), (1, 0), (0, 1), (2, "50%"), ("100%", 0))
SETTLING = 1500.0  # seconds: longer than what is lost is waited for
LATE = 10.0  # seconds that a decision may be older than the newest declaration


class World:
    """A control plane and nodes, seeded: equal seeds, equal histories."""

    def __init__(self, seed: int, *, nodes: int = 4, ready_after: float = 1.0) -> None:
        self.clock = VirtualClock(seed)
        self.chance = random.Random(seed)
        self.store = MemoryStore(clock=self.clock)
        self.cluster = Cluster(controllers=False, clock=self.clock, store=self.store)
        self.ready_after = ready_after
        self.names = [f"node-{number}" for number in range(1, nodes + 1)]
        self.nodes: dict[str, asyncio.Task[None]] = {}
        self.plane: asyncio.Task[None] | None = None
        self.watched: list[asyncio.Task[None]] = []
        self.history: list[tuple[int, str, str]] = []
        self.caches: Caches
        self.client: Client

    async def __aenter__(self) -> World:
        await self.cluster.__aenter__()
        self.client = self.cluster.client
        self.caches = Caches(InProcess(self.cluster.server.api), self.clock)
        self.watched = [self.task(self.caches.run()), self.task(self.record())]
        self.start_plane()
        for name in self.names:
            self.start_node(name)
        await self.cluster.until(ServiceAccount, "default", lambda found: True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop_plane()
        for name in list(self.nodes):
            await self.lose(name)
        for task in self.watched:
            await self.end(task)
        await self.cluster.__aexit__()

    def task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work)

    async def end(self, task: asyncio.Task[None]) -> None:
        """Cancel it; what it had failed with before is raised."""
        task.cancel()
        (result,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(result, Exception):
            raise result

    async def record(self) -> None:
        async for changes in self.store.watch("/registry/", since=1):
            for change in changes:
                digest = hashlib.sha256(change.value or b"").hexdigest()[:12]
                self.history.append((change.revision, change.key, digest))

    # parts that go and come

    def start_plane(self) -> None:
        self.plane = self.task(ControlPlane(self.cluster.server, self.clock).run())

    async def stop_plane(self) -> None:
        if self.plane is not None:
            plane, self.plane = self.plane, None
            await self.end(plane)

    def start_node(self, name: str) -> None:
        client = Client(InProcess(self.cluster.server.api, agent="kubelet"))
        node = HollowNode(
            name,
            client,
            self.caches,
            self.clock,
            number=self.names.index(name) + 1,
            ready_after=self.ready_after,
        )
        self.nodes[name] = self.task(node.run())

    async def lose(self, name: str) -> None:
        await self.end(self.nodes.pop(name))

    async def rest(self) -> None:
        """Now a moment, now long enough for everything."""
        await asyncio.sleep(self.chance.choice((0.0, 0.3, 2.0, 15.0, 120.0)))

    async def steps(self, count: int) -> None:
        """Let the loop turn so many times: any point of anybody's work may come next."""
        for _ in range(count):
            await asyncio.sleep(0)

    # what is declared

    async def declare(self, name: str, replicas: int, image: str, strategy: Tree) -> None:
        labels = {"app": name}
        await self.client.transport.call(
            "create",
            self.resource,
            namespace="default",
            body=msgspec.json.encode(
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "metadata": {"name": name},
                    "spec": {
                        "replicas": replicas,
                        "strategy": strategy,
                        "selector": {"matchLabels": labels},
                        "template": {
                            "metadata": {"labels": labels},
                            "spec": {"containers": [{"name": "c", "image": image}]},
                        },
                    },
                }
            ),
        )

    @property
    def resource(self) -> Any:
        from wherry.api.registry import resource_for

        return resource_for(Deployment)

    async def set_image(self, name: str, image: str) -> None:
        body = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}
        await self.client.patch(Deployment, name, body, "default", type="strategic")

    async def deployments(self) -> list[Deployment]:
        return await self.client.list(Deployment, "default")

    def strategy(self) -> Tree:
        if self.chance.random() < 0.2:
            return {"type": "Recreate"}
        surge, unavailable = self.chance.choice(ROLLING)
        return {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable},
        }

    async def one_change(self) -> None:
        """Somebody declares something else, perhaps of what is going just now."""
        with contextlib.suppress(NotFound):
            await self.change()

    async def change(self) -> None:
        chance = self.chance
        found = await self.deployments()
        free = [name for name in ("a", "b", "c") if name not in [each.metadata.name for each in found]]
        if free and (not found or chance.random() < 0.3):
            await self.declare(free[0], chance.randrange(7), chance.choice(IMAGES), self.strategy())
            return
        name = chance.choice(found).metadata.name
        match chance.choice(("scale", "image", "image", "pause", "resume", "resume", "delete")):
            case "scale":
                await self.client.scale(Deployment, name, "default", replicas=chance.randrange(10))
            case "image":
                await self.set_image(name, chance.choice(IMAGES))
            case "delete" if chance.random() < 0.5:
                policy: Any = chance.choice(("Foreground", "Background"))
                await self.client.delete(Deployment, name, "default", propagation=policy)
            case what:
                body = {"spec": {"paused": what == "pause"}}
                await self.client.patch(Deployment, name, body, "default")

    async def one_mishap(self) -> None:
        """A Pod is deleted, a node is lost, one returns."""
        chance = self.chance
        match chance.choice(("pod", "pod", "lose", "return")):
            case "pod":
                pods = await self.client.list(Pod, "default")
                if pods:
                    grace = chance.choice((None, 0))
                    with contextlib.suppress(NotFound):
                        await self.client.delete(chance.choice(pods), grace=grace)
            case "lose" if len(self.nodes) > 1:
                await self.lose(chance.choice(sorted(self.nodes)))
            case "return" if len(self.nodes) < len(self.names):
                self.start_node(chance.choice([name for name in self.names if name not in self.nodes]))

    # what must be true in the end

    async def settle(self) -> None:
        """Everything that was lost returns, nobody pauses anything, and time goes by."""
        if self.plane is None:
            self.start_plane()
        for name in self.names:
            if name not in self.nodes:
                self.start_node(name)
        for each in await self.deployments():
            if each.spec.paused:
                await self.client.patch(
                    Deployment, each.metadata.name, {"spec": {"paused": False}}, "default"
                )
        await asyncio.sleep(SETTLING)

    async def check(self) -> None:
        """Everything is as it is declared, nothing is there that nobody declared, and all is quiet."""
        assert self.plane is not None
        assert not self.plane.done()
        deployments = {each.metadata.uid: each for each in await self.deployments()}
        sets = {each.metadata.uid: each for each in await self.client.list(ReplicaSet, "default")}
        for found in sets.values():
            owner = controller_of(found.metadata)
            assert owner is not None
            assert owner.uid in deployments, f"{found.metadata.name} outlived its Deployment"
        counts = dict.fromkeys(deployments, 0)
        for pod in await self.client.list(Pod, "default"):
            owner = controller_of(pod.metadata)
            assert owner is not None
            assert owner.uid in sets, f"{pod.metadata.name} outlived its ReplicaSet"
            assert not pod.metadata.deletionTimestamp, f"{pod.metadata.name} does not go"
            assert pod.status.phase == "Running", f"{pod.metadata.name} is {pod.status.phase}"
            above = controller_of(sets[owner.uid].metadata)
            assert above is not None
            counts[above.uid] += 1
            wanted = deployments[above.uid].spec.template.spec.containers[0].image
            assert pod.spec.containers[0].image == wanted
        for uid, each in deployments.items():
            status, wanted_count = each.status, each.spec.replicas
            assert counts[uid] == wanted_count, each.metadata.name
            assert (status.replicas or 0) == (status.updatedReplicas or 0) == wanted_count
            assert (status.availableReplicas or 0) == (status.readyReplicas or 0) == wanted_count
            assert status.observedGeneration == each.metadata.generation
        before = len(self.history)
        await asyncio.sleep(300)
        quiet = ("/registry/core/nodes/", "/registry/coordination.k8s.io/leases/", "/registry/core/events/")
        restless = [key for _, key, _ in self.history[before:] if not key.startswith(quiet)]
        assert not restless, f"somebody goes on writing: {restless[:10]}"


class Strictness:
    """Looks at each change: no rollout takes away more, or adds more, than its Deployment allows."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.deployments: dict[str, Tree] = {}
        self.sets: dict[str, Tree] = {}
        self.pods: dict[str, Tree] = {}
        self.declared: dict[str, list[tuple[float, int, int]]] = {}  # uid: when, most, least
        self.checked = 0
        world.watched.append(world.task(self.look()))

    async def look(self) -> None:
        async for changes in self.world.store.watch("/registry/", since=1):
            for change in changes:
                _, _, group, plural, *_ = change.key.split("/")
                match plural:
                    case "deployments":
                        self.deployment(change)
                    case "replicasets":
                        self.replicaset(change)
                    case "pods" if group == "core":
                        self.pod(change)

    def keep(self, table: dict[str, Tree], change: Change) -> Tree:
        tree: Tree = msgspec.json.decode(change.value or change.previous or b"")
        uid = tree["metadata"]["uid"]
        if change.value is None:
            table.pop(uid)
        else:
            table[uid] = tree
        return tree

    def deployment(self, change: Change) -> None:
        tree = self.keep(self.deployments, change)
        spec, uid = tree["spec"], tree["metadata"]["uid"]
        most = least = spec["replicas"]
        if rolling := spec["strategy"].get("rollingUpdate"):
            surge, unavailable = rolling_bounds(rolling["maxSurge"], rolling["maxUnavailable"], least)
            most, least = most + surge, least - unavailable
        elif spec["strategy"]["type"] == "Recreate":
            least = 0
        told = self.declared.setdefault(uid, [])
        if not told or told[-1][1:] != (most, least):
            told.append((self.world.clock.monotonic(), most, least))

    def replicaset(self, change: Change) -> None:
        """ReplicaSets are asked for no more Pods than are allowed; when they come to it is their business."""
        before: Tree | None = msgspec.json.decode(change.previous) if change.previous else None
        rs = self.keep(self.sets, change)
        uid = controller_uid(rs)
        if uid not in self.deployments:
            return
        if before is None or before["spec"]["replicas"] < rs["spec"]["replicas"]:
            most, _ = self.bounds(uid)
            told = sum(each["spec"]["replicas"] for each in self.sets.values() if controller_uid(each) == uid)
            assert told <= most, f"{told} Pods are asked for where {most} are allowed"

    def bounds(self, uid: str) -> tuple[int, int]:
        """What was allowed by any declaration that a decision of now may have been made on."""
        told = self.declared[uid]
        now = self.world.clock.monotonic()
        while len(told) > 1 and told[1][0] < now - LATE:
            told.pop(0)
        return max(most for _, most, _ in told), min(least for _, _, least in told)

    def owner(self, pod: Tree) -> str:
        """The Deployment that a Pod belongs to, as long as there is one."""
        above = self.sets.get(controller_uid(pod))
        uid = controller_uid(above) if above is not None else ""
        found = self.deployments.get(uid)
        return uid if found and "deletionTimestamp" not in found["metadata"] else ""

    def pod(self, change: Change) -> None:
        gone = change.value is None
        before: Tree | None = msgspec.json.decode(change.previous) if change.previous else None
        pod = self.keep(self.pods, change)
        uid = self.owner(pod)
        if not uid:
            return
        _, least = self.bounds(uid)
        mine = [each for each in self.pods.values() if self.owner(each) == uid]
        active = [each for each in mine if "deletionTimestamp" not in each["metadata"]]
        self.checked += 1
        if before is None:
            if self.deployments[uid]["spec"]["strategy"]["type"] == "Recreate":
                label = "pod-template-hash"
                assert len({each["metadata"]["labels"][label] for each in mine}) == 1
        elif available(before) and (gone or not available(pod)):
            left = sum(map(available, active))
            assert left >= least, f"{left} Pods are available where {least} must be"


def controller_uid(tree: Tree) -> str:
    references = tree["metadata"].get("ownerReferences", ())
    return next((each["uid"] for each in references if each.get("controller")), "")


def available(pod: Tree) -> bool:
    ready = any(
        each["type"] == "Ready" and each["status"] == "True"
        for each in pod.get("status", {}).get("conditions", ())
    )
    return ready and "deletionTimestamp" not in pod["metadata"]
