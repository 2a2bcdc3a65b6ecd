"""A control plane that is killed again and again keeps every promise it made over HTTP."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from tests.cluster.verbs.test_server import Server

from wherry.api.apps.deployment import Deployment, DeploymentSpec
from wherry.api.apps.replicaset import ReplicaSet
from wherry.api.core.configmap import ConfigMap
from wherry.api.core.container import Container
from wherry.api.core.pod import Pod, PodSpec
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.client.client import Client
from wherry.client.transport import Event
from wherry.machinery.errors import AlreadyExists, Conflict, Expired, NotFound, StatusError
from wherry.machinery.meta import LabelSelector, ObjectMeta
from wherry.machinery.schema import edit

WRITERS = 8
WATCHERS = 4
AWAY = (OSError, msgspec.MsgspecError)  # what a client meets when its server dies


class Truth:
    """What the server said it has done."""

    def __init__(self) -> None:
        self.promised: dict[str, tuple[int, str]] = {}  # name: revision, value
        self.revisions: set[int] = set()
        self.newest = 0

    def promise(self, made: ConfigMap) -> None:
        revision = int(made.metadata.resourceVersion)
        name = made.metadata.name
        assert revision not in self.revisions, f"revision {revision} was given twice"
        assert revision > self.promised.get(name, (0, ""))[0], f"{name} went back to revision {revision}"
        self.revisions.add(revision)
        self.newest = max(self.newest, revision)
        self.promised[name] = (revision, made.data["value"])


class Writer:
    """Creates and updates objects of its own, one after the other, whoever dies."""

    def __init__(self, number: int, client: Client, truth: Truth) -> None:
        self.number = number
        self.client = client
        self.truth = truth
        self.chance = random.Random(number)
        self.objects: list[str] = []
        self.count = 0

    async def run(self, over: asyncio.Event) -> None:
        while not over.is_set():
            try:
                await self.write()
            except (AlreadyExists, Conflict):
                await asyncio.sleep(0)  # it had been done before the answer was lost
            except (*AWAY, StatusError):
                await asyncio.sleep(0.02)

    async def write(self) -> None:
        self.count += 1
        value = f"{self.number}/{self.count}"
        if not self.objects or self.chance.random() < 0.3:
            name = f"w{self.number}-{self.count}"
            self.objects.append(name)
            metadata = ObjectMeta(name=name, namespace="default", labels={"writer": str(self.number)})
            made = await self.client.create(ConfigMap(metadata=metadata, data={"value": value}))
        else:
            name = self.chance.choice(self.objects)
            try:
                found = await self.client.get(ConfigMap, name, "default")
            except NotFound:
                assert name not in self.truth.promised, f"{name} is lost"
                self.objects.remove(name)
                return
            made = await self.client.update(edit(found, data={"value": value}))
        self.truth.promise(made)


class Watcher:
    """Follows by revision, goes on from where it stood, and begins anew only where it is told to."""

    def __init__(self, client: Client, selector: str) -> None:
        self.client = client
        self.selector = selector
        self.last = 0
        self.seen: dict[str, int] = {}
        self.revisions: set[int] = set()
        self.anew: list[int] = []  # up to which revision changes may have been missed
        self.began = self.resumed = 0
        self.changed = asyncio.Condition()

    async def run(self) -> None:
        while True:
            try:
                if not self.last:
                    self.began += 1
                await self.follow()
            except Expired:
                self.last = 0
            except (*AWAY, StatusError):
                await asyncio.sleep(0.02)

    async def follow(self) -> None:
        listing: dict[str, int] | None = None if self.last else {}
        since = str(self.last) if self.last else ""
        async for events in self.client.watch(ConfigMap, "default", labelSelector=self.selector, since=since):
            for event in events:
                listing = self.take(event, listing)
            async with self.changed:
                self.changed.notify_all()

    def take(self, event: Event, listing: dict[str, int] | None) -> dict[str, int] | None:
        revision = int(event.revision)
        if listing is not None:
            if event.type == "SYNCED":
                assert all(listing.get(name, 0) >= old for name, old in self.seen.items())
                self.seen, self.last = listing, revision
                self.anew.append(revision)
                return None
            listing[event.object.metadata.name] = revision
            return listing
        if event.object is None:
            assert revision >= self.last
        else:
            assert revision > self.last, "told twice or out of order"
            name = event.object.metadata.name
            assert event.type == ("MODIFIED" if name in self.seen else "ADDED")
            self.seen[name] = revision
            self.revisions.add(revision)
            self.resumed += 1
        self.last = revision
        return None

    async def holds(self, expected: dict[str, int]) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.seen == expected)

    def missed(self, promised: Sequence[int]) -> list[int]:
        """Acknowledged changes after the last new start that it was not told of."""
        begin = self.anew[-1]
        return [each for each in promised if begin < each <= self.last and each not in self.revisions]


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    made: list[Server] = []
    yield made
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


@asynccontextmanager
async def clients(server: Server, count: int) -> AsyncIterator[list[Client]]:
    made = [server.client() for _ in range(count)]
    try:
        yield list(made)
    finally:
        for each in made:
            await each.close()


def deployment(replicas: int) -> Deployment:
    labels = {"app": "web"}
    pod = PodSpec(containers=(Container(name="c", image="x:1"),))
    return Deployment(
        metadata=ObjectMeta(name="web", namespace="default"),
        spec=DeploymentSpec(
            replicas=replicas,
            selector=LabelSelector(matchLabels=labels),
            template=PodTemplateSpec(metadata=ObjectMeta(labels=labels), spec=pod),
        ),
    )


async def lives(folder: Path, servers: list[Server], rounds: int) -> None:
    """Kill the server `rounds` times under load, and look after each start and in the end."""
    chance = random.Random(rounds)
    server = await asyncio.to_thread(Server, folder)
    servers.append(server)
    truth, over = Truth(), asyncio.Event()
    async with clients(server, WRITERS + WATCHERS + 1) as made:
        asker = made.pop()
        await asker.create(deployment(3))
        writers = [Writer(number, made.pop(), truth) for number in range(WRITERS)]
        watchers = [Watcher(each, f"writer={n}" if n % 2 else "writer") for n, each in enumerate(made)]
        writing = [asyncio.create_task(each.run(over)) for each in writers]
        watching = [asyncio.create_task(each.run()) for each in watchers]
        wanted = 3
        for _ in range(rounds):
            await asyncio.sleep(0.2 + chance.random())
            wanted = chance.randrange(1, 9)
            await asker.scale(Deployment, "web", "default", replicas=wanted)
            await asyncio.sleep(chance.random() * 0.05)  # now and then in the middle of the controllers' work
            server.process.kill()
            await asyncio.to_thread(server.process.communicate)
            promised, newest = dict(truth.promised), truth.newest
            server = await asyncio.to_thread(Server, folder, server.port)
            servers.append(server)
            assert server.said == "ready"
            await kept(asker, promised, newest)
            failed = [each for each in (*writing, *watching) if each.done()]
            assert not failed, failed[0].exception()
        await asyncio.sleep(0.5)
        over.set()
        await asyncio.gather(*writing)
        await caught_up(asker, watchers, truth)
        await finished(asker, wanted)
        for each in watching:
            assert not each.done(), each.exception()
            each.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    assert len(truth.revisions) > 20 * rounds
    for watcher in watchers:
        assert watcher.resumed


async def kept(client: Client, promised: dict[str, tuple[int, str]], newest: int) -> None:
    """Every acknowledged write is there, or a later one in its place."""
    found = {each.metadata.name: each for each in await client.list(ConfigMap, "default")}
    for name, (revision, value) in promised.items():
        assert name in found, f"{name} is lost"
        stands = int(found[name].metadata.resourceVersion)
        assert stands >= revision, f"{name} went back from revision {revision} to {stands}"
        assert stands > revision or found[name].data["value"] == value
    made = await client.create(ConfigMap(metadata=ObjectMeta(generateName="probe-", namespace="default")))
    assert int(made.metadata.resourceVersion) > newest


async def caught_up(client: Client, watchers: Sequence[Watcher], truth: Truth) -> None:
    """Each watcher comes to hold exactly what a list shows, without having missed a change."""
    for watcher in watchers:
        found = await client.list(ConfigMap, "default", labelSelector=watcher.selector)
        expected = {each.metadata.name: int(each.metadata.resourceVersion) for each in found}
        async with asyncio.timeout(30):
            await watcher.holds(expected)
        if watcher.selector == "writer":
            assert not watcher.missed(sorted(truth.revisions))


async def finished(client: Client, wanted: int) -> None:
    """The controllers end what they had begun, with no Pod too many."""
    async with asyncio.timeout(60):
        while True:
            found = await client.get(Deployment, "web", "default")
            pods = await client.list(Pod, "default")
            going = [pod for pod in pods if pod.metadata.deletionTimestamp]
            if len(pods) == found.status.replicas == wanted and not going:
                break
            await asyncio.sleep(0.1)
    sets = await client.list(ReplicaSet, "default")
    assert [each.spec.replicas for each in sets] == [wanted]


async def test_three_lives(tmp_path: Path, servers: list[Server]) -> None:
    await lives(tmp_path / "d", servers, 3)


@pytest.mark.long
async def test_twenty_lives(tmp_path: Path, servers: list[Server]) -> None:
    await lives(tmp_path / "d", servers, 20)
