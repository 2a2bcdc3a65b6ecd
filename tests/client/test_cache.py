"""Caches: what a watch tells becomes what is there, and subscribers hear of differences alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.core.node import Node
from wherry.api.core.pod import Pod, PodSpec
from wherry.api.core.secret import Secret
from wherry.api.core.service import Service
from wherry.api.registry import Resource, resource_for
from wherry.client.cache import CONTROLLER, Cache, Caches, Change, by_controller, orphans_of
from wherry.client.transport import Event
from wherry.machinery.errors import Cause, Expired, Timeout
from wherry.machinery.meta import ObjectMeta, OwnerReference
from wherry.machinery.selectors import parse
from wherry.sim.clock import VirtualClock, run


def pod(name: str, revision: int, **metadata: Any) -> Pod:
    meta = {"namespace": "default", **metadata}
    return Pod(metadata=ObjectMeta(name=name, resourceVersion=str(revision), **meta))


def added(obj: Pod) -> Event:
    return Event("ADDED", obj, obj.metadata.resourceVersion)


def deleted(obj: Pod) -> Event:
    return Event("DELETED", obj, obj.metadata.resourceVersion)


def synced(revision: int) -> Event:
    return Event("SYNCED", None, str(revision))


def test_is_synced_once_everything_has_come() -> None:
    cache: Cache[Pod] = Cache(resource_for(Pod))
    cache.restart()
    cache.take([added(pod("a", 3))])
    assert not cache.is_synced
    assert cache.revision == 0
    cache.take([synced(7)])
    assert cache.is_synced
    assert cache.revision == 7


def test_a_new_start_tells_only_what_is_different() -> None:
    cache: Cache[Pod] = Cache(resource_for(Pod))
    cache.restart()
    cache.take([added(pod("same", 1)), added(pod("gone", 2)), added(pod("old", 3)), synced(3)])
    told: list[Change[Pod]] = []
    cache.subscribe(told.extend, replay=False)
    cache.restart()
    cache.take([added(pod("same", 1)), added(pod("old", 8)), added(pod("new", 9)), synced(10)])
    names = {(old and old.metadata.name, new and new.metadata.name) for old, new in told}
    assert names == {("old", "old"), (None, "new"), ("gone", None)}


def test_a_late_subscriber_first_hears_of_what_is_there() -> None:
    cache: Cache[Pod] = Cache(resource_for(Pod))
    cache.take([added(pod("a", 1))])
    told: list[Change[Pod]] = []
    end = cache.subscribe(told.extend)
    assert [new and new.metadata.name for _, new in told] == ["a"]
    end()
    cache.take([added(pod("b", 2))])
    assert len(told) == 1


def test_subscribers_see_the_cache_after_the_whole_batch() -> None:
    cache: Cache[Pod] = Cache(resource_for(Pod))
    sizes: list[int] = []
    cache.subscribe(lambda changes: sizes.append(len(cache)), replay=False)
    cache.take([added(pod("a", 1)), added(pod("b", 2))])
    assert sizes == [2]


def test_finds_by_controller_and_by_its_absence() -> None:
    cache: Cache[Pod] = Cache(resource_for(Pod))
    owner = OwnerReference(apiVersion="apps/v1", kind="ReplicaSet", name="web", uid="u1", controller=True)
    cache.take([added(pod("owned", 1, ownerReferences=(owner,))), added(pod("free", 2))])
    cache.index(CONTROLLER, by_controller)
    assert [each.metadata.name for each in cache.find(CONTROLLER, "u1")] == ["owned"]
    assert [each.metadata.name for each in cache.find(CONTROLLER, orphans_of("default"))] == ["free"]
    cache.take([added(pod("owned", 3))])
    assert cache.find(CONTROLLER, "u1") == ()
    assert len(cache.find(CONTROLLER, orphans_of("default"))) == 2


def test_lists_by_namespace_and_selector() -> None:
    cache: Cache[Pod] = Cache(resource_for(Pod))
    cache.take(
        [
            added(pod("a", 1, labels={"app": "web"})),
            added(pod("b", 2)),
            added(pod("c", 3, namespace="other", labels={"app": "web"})),
        ]
    )
    assert {each.metadata.name for each in cache.list(selector=parse("app=web"))} == {"a", "c"}
    assert [each.metadata.name for each in cache.list("default", parse("app=web"))] == ["a"]
    assert cache.list("nowhere") == []


steps = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["n1", "n2", None]), st.booleans()), max_size=30
)


@given(steps)
def test_an_index_always_agrees_with_the_objects(steps: list[tuple[str, str | None, bool]]) -> None:
    cache: Cache[Pod] = Cache(resource_for(Pod))
    cache.index("node", lambda each: [each.spec.nodeName])
    for revision, (name, node, fresh) in enumerate(steps, start=1):
        if fresh:
            cache.restart()
        meta = ObjectMeta(name=name, namespace="default", resourceVersion=str(revision))
        obj = Pod(metadata=meta, spec=PodSpec(nodeName=node or ""))
        cache.take([added(obj) if node is not None else deleted(obj)])
        if fresh:
            cache.take([synced(revision)])
        for value in ("", "n1", "n2"):
            found = {each.metadata.name for each in cache.find("node", value)}
            assert found == {each.metadata.name for each in cache if each.spec.nodeName == value}


class Scripted:
    """A transport whose watches follow a script: batches, or an error."""

    def __init__(self, *streams: Sequence[Any]) -> None:
        self.streams = list(streams)
        self.asked: list[str] = []

    async def call(self, *args: Any, **options: Any) -> bytes:
        return b""

    async def watch(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        labelSelector: str = "",
        fieldSelector: str = "",
        since: str = "",
        metadata: bool = False,
        params: Mapping[str, str] = {},
    ) -> AsyncIterator[Sequence[Event]]:
        self.asked.append(since)
        for step in self.streams.pop(0) if self.streams else ():
            if isinstance(step, Exception):
                raise step
            yield step
        if not self.streams:
            await asyncio.sleep(1e6)

    async def close(self) -> None:
        return None


async def fed(transport: Scripted, seconds: float) -> Cache[Pod]:
    caches = Caches(transport, VirtualClock())
    cache = caches.of(Pod)
    task = asyncio.ensure_future(caches.run())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return cache


def test_goes_on_from_where_the_stream_broke() -> None:
    transport = Scripted([[added(pod("a", 5)), synced(5)], ConnectionError("gone")], [[added(pod("b", 6))]])
    cache = run(fed(transport, 10))
    assert transport.asked == ["", "5"]
    assert {each.metadata.name for each in cache} == {"a", "b"}


def test_starts_anew_when_the_revision_was_compacted() -> None:
    transport = Scripted(
        [[added(pod("a", 5)), synced(5)], ConnectionError("gone")],
        [Expired("too old resource version")],
        [[added(pod("b", 9)), synced(9)]],
    )
    cache = run(fed(transport, 1.7))  # one wait after the break, none after the answer
    assert transport.asked == ["", "5", ""]
    assert [each.metadata.name for each in cache] == ["b"]


def test_starts_anew_when_the_server_has_lost_its_history() -> None:
    """A store in memory begins again at revision 1 when its server does; equal numbers mean nothing then."""
    ahead = Timeout("Too large resource version: 50, current: 7", [Cause("ResourceVersionTooLarge", "")])
    transport = Scripted(
        [[added(pod("a", 5, uid="first")), synced(50)], ConnectionError("gone")],
        [ahead],
        [[added(pod("a", 5, uid="second")), synced(7)], ConnectionError("gone")],
        [[added(pod("b", 8))]],
    )
    cache = run(fed(transport, 30))
    assert transport.asked == ["", "50", "", "7"]
    assert {each.metadata.uid for each in cache} == {"second", ""}
    assert cache.revision == 8


def test_a_stream_that_breaks_before_it_is_synced_starts_anew() -> None:
    transport = Scripted([[added(pod("a", 5))], ConnectionError("gone")], [[added(pod("a", 5)), synced(6)]])
    cache = run(fed(transport, 10))
    assert transport.asked == ["", ""]
    assert cache.is_synced


def test_waits_longer_after_each_failure() -> None:
    async def scenario() -> list[float]:
        times: list[float] = []

        class Down(Scripted):
            async def watch(self, resource: Resource, **options: Any) -> AsyncIterator[Sequence[Event]]:
                times.append(asyncio.get_running_loop().time())
                raise ConnectionError("down")
                yield ()

        await fed(Down(), 300)
        return times

    times = run(scenario())
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert gaps[0] < 1.7
    assert all(30 <= gap <= 60 for gap in gaps[-2:])


def test_what_was_reached_once_is_asked_again_soon() -> None:
    """A server that starts three times in a minute is not punished for it."""
    streams: list[list[Any]] = []
    for revision in (5, 6, 7):
        streams += [[ConnectionError("down")], [[synced(revision)], ConnectionError("gone")]]
    transport = Scripted(*streams, [[added(pod("a", 8))]])
    cache = run(fed(transport, 15))
    assert [each.metadata.name for each in cache] == ["a"]


def test_who_waits_for_a_server_hears_when_another_cache_has_reached_it() -> None:
    async def scenario() -> None:
        back = 40.0  # seconds after which the server is there
        reached: list[float] = []

        class Late(Scripted):
            async def watch(self, resource: Resource, **options: Any) -> AsyncIterator[Sequence[Event]]:
                now = asyncio.get_running_loop().time()
                if now < back:
                    raise ConnectionError("down")
                reached.append(now)
                yield [synced(1)]
                await asyncio.sleep(1e6)

        caches = Caches(Late(), VirtualClock())
        for kind in (Pod, Node, Service, Secret):
            caches.of(kind)
        task = asyncio.ensure_future(caches.run())
        await asyncio.sleep(200)
        task.cancel()
        assert len(reached) == 4
        assert len(set(reached)) == 1

    run(scenario())


def test_one_kind_has_one_cache() -> None:
    async def scenario() -> None:
        caches = Caches(Scripted(), VirtualClock())
        assert caches.of(Pod) is caches.of(Pod)
        assert caches.metadata(resource_for(Pod)) is caches.of(Pod)
        assert caches.of(Pod, fieldSelector="spec.nodeName=n1") is not caches.of(Pod)

    run(scenario())


def test_resources_without_a_class_get_a_cache_of_metadata() -> None:
    async def scenario() -> None:
        caches = Caches(Scripted([[synced(1)]]), VirtualClock())
        widget = Resource("example.com", "v1", "Widget", "widgets")
        cache = caches.metadata(widget)
        task = asyncio.ensure_future(caches.run())
        await cache.synced()
        caches.drop(cache)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scenario())
