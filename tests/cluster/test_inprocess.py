"""The transport inside a process: shared objects, watches from any revision, the server's own errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from wherry.api.authentication.selfsubjectreview import SelfSubjectReview
from wherry.api.core.configmap import ConfigMap
from wherry.api.registry import resource_for
from wherry.apiserver.api import Api
from wherry.apiserver.call import User
from wherry.client.client import Client
from wherry.client.transport import Event
from wherry.cluster.inprocess import InProcess
from wherry.machinery.errors import AlreadyExists, Expired, NotFound
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit
from wherry.sim.kit import Cluster

RESOURCE = resource_for(ConfigMap)


def config_map(name: str, **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default"), data=data)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with Cluster(controllers=False) as cluster:
        yield cluster.server.api


@pytest.fixture
def transport(api: Api) -> InProcess:
    return InProcess(api)


class Reader:
    """A watch, read up to where a test wants it."""

    def __init__(self, transport: InProcess, since: str = "", **options: str) -> None:
        self.batches = transport.watch(RESOURCE, namespace="default", since=since, **options)  # type: ignore[arg-type]  # selectors
        self.seen: list[Event] = []

    async def until(self, count: int) -> Sequence[Event]:
        async with asyncio.timeout(10):
            while len(self.seen) < count:
                self.seen += await anext(self.batches)
        return self.seen

    def told(self) -> list[tuple[str, str]]:
        return [(event.type, event.object.metadata.name if event.object else "") for event in self.seen]


async def test_a_watch_begins_with_what_there_is_and_says_when_that_was_all(transport: InProcess) -> None:
    client = Client(transport)
    await client.create(config_map("a"))
    reader = Reader(transport)
    await reader.until(2)
    made = await client.create(config_map("b"))
    await client.update(edit(made, data={"k": "v"}))
    await client.delete(made)
    await reader.until(5)
    assert reader.told() == [
        ("ADDED", "a"),
        ("SYNCED", ""),
        ("ADDED", "b"),
        ("MODIFIED", "b"),
        ("DELETED", "b"),
    ]
    revisions = [int(event.revision) for event in reader.seen[2:]]
    assert revisions == sorted(set(revisions))


async def test_all_who_watch_are_handed_the_same_object(transport: InProcess) -> None:
    first, second = Reader(transport), Reader(InProcess(transport.api, agent="other"))
    await asyncio.gather(first.until(1), second.until(1))
    await Client(transport).create(config_map("a"))
    await asyncio.gather(first.until(2), second.until(2))
    assert first.seen[1].object is second.seen[1].object
    assert isinstance(first.seen[1].object, ConfigMap)


async def test_a_watch_goes_on_where_another_ended(transport: InProcess) -> None:
    client = Client(transport)
    made = await client.create(config_map("a"))
    await client.create(config_map("b"))
    reader = Reader(transport, since=made.metadata.resourceVersion)
    await reader.until(1)
    assert reader.told() == [("ADDED", "b")]


async def test_a_watch_from_a_revision_that_is_forgotten_expires(transport: InProcess) -> None:
    reader = Reader(transport, since="1")
    with pytest.raises(Expired):
        await reader.until(1)


async def test_a_watch_shows_what_is_selected(transport: InProcess) -> None:
    client = Client(transport)
    reader = Reader(transport, fieldSelector="metadata.name=b")
    await reader.until(1)
    for name in "abc":
        await client.create(config_map(name))
    await reader.until(2)
    assert reader.told() == [("SYNCED", ""), ("ADDED", "b")]


async def test_a_watch_that_is_left_is_closed(api: Api, transport: InProcess) -> None:
    reader = Reader(transport)
    await reader.until(1)
    await reader.batches.aclose()  # type: ignore[attr-defined]  # it is a generator
    await Client(transport).create(config_map("a"))


async def test_errors_are_the_servers(transport: InProcess) -> None:
    client = Client(transport)
    await client.create(config_map("a"))
    with pytest.raises(AlreadyExists, match='configmaps "a" already exists'):
        await client.create(config_map("a"))
    with pytest.raises(NotFound, match='configmaps "b" not found'):
        await client.get(ConfigMap, "b", "default")


async def test_calls_are_made_by_a_program(api: Api) -> None:
    created = await Client(InProcess(api, agent="kubectl")).create(config_map("a", k="v"))
    assert [entry.manager for entry in created.metadata.managedFields] == ["kubectl"]


async def test_calls_are_made_as_somebody(api: Api) -> None:
    """Who asks counts where the server looks; what may be done is for the front to decide."""
    jane = User("jane", ("system:authenticated",))
    review = await Client(InProcess(api, jane)).create(SelfSubjectReview())
    assert review.status.userInfo is not None
    assert review.status.userInfo.username == "jane"
