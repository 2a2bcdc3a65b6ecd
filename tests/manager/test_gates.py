"""Gates: keys wait until their writes show."""

from __future__ import annotations

import asyncio
from typing import Any

from wherry.api.core.pod import Pod
from wherry.api.registry import resource_for
from wherry.client.cache import Cache, Change, Key
from wherry.client.transport import Event
from wherry.machinery.meta import ObjectMeta
from wherry.manager.actions import Written
from wherry.manager.gates import PATIENCE, Gates
from wherry.sim.clock import run

PODS = resource_for(Pod)
KEY: Key = ("default", "web")


def pod(revision: int, **more: Any) -> Pod:
    return Pod(
        metadata=ObjectMeta(name="a", namespace="default", uid="u", resourceVersion=str(revision), **more)
    )


def caching(*pods: Pod) -> Cache[Pod]:
    cache: Cache[Pod] = Cache(PODS)
    cache.take([Event("ADDED", each, each.metadata.resourceVersion) for each in pods])
    return cache


def test_opens_when_the_cache_has_come_as_far_as_the_last_write() -> None:
    async def scenario() -> None:
        opened: list[Key] = []
        gates = Gates(opened.append)
        gates.close(KEY, [Written(PODS, 5), Written(PODS, 7)], {PODS: caching(pod(3))})
        gates.seen(PODS, 6, [])
        assert gates.closed(KEY)
        gates.seen(PODS, 7, [])
        assert opened == [KEY]
        assert not gates.closed(KEY)

    run(scenario())


def test_stays_open_for_what_shows_already_and_for_kinds_that_are_not_seen() -> None:
    async def scenario() -> None:
        gates = Gates(lambda key: None)
        gates.close(KEY, [Written(PODS, 3)], {PODS: caching(pod(3))})
        gates.close(KEY, [Written(PODS, 9)], {})
        assert not gates.closed(KEY)

    run(scenario())


def test_a_deletion_shows_when_the_object_is_gone_or_going() -> None:
    async def scenario() -> None:
        for change in (
            Change(pod(3), None),
            Change(pod(3), pod(4, deletionTimestamp="2026-01-01T00:00:00Z")),
        ):
            opened: list[Key] = []
            gates = Gates(opened.append)
            gates.close(KEY, [Written(PODS, 0, "u", "a", "default")], {PODS: caching(pod(3))})
            gates.seen(PODS, 4, [Change(pod(3), pod(4))])
            assert opened == []
            gates.seen(PODS, 5, [change])
            assert opened == [KEY]

    run(scenario())


def test_a_write_that_never_shows_is_given_up() -> None:
    async def scenario() -> None:
        opened: list[Key] = []
        gates = Gates(opened.append)
        gates.close(KEY, [Written(PODS, 5)], {PODS: caching(pod(3))})
        await asyncio.sleep(PATIENCE + 1)
        assert opened == [KEY]
        gates.seen(PODS, 9, [])
        assert opened == [KEY]

    run(scenario())
