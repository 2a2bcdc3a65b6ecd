"""Watches: what exists, what changes, in order; bookmarks and the end."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.apiserver.conftest import ADMIN, Driver, configmap, pod, resource

from wherry.apiserver.call import Call
from wherry.apiserver.hub import Event, ResourceCache
from wherry.apiserver.watch import Events
from wherry.machinery.errors import Expired


class Seen:
    """What a watcher got."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.bookmarks: list[int] = []
        self.error: Any = None
        self.ended = False

    def send(self, data: Any) -> None:
        if isinstance(data, int):
            self.bookmarks.append(data)
        elif isinstance(data, Exception):
            self.error = data
        else:
            self.events += [(event.type, event.entry.name) for event in data]

    def end(self) -> None:
        self.ended = True


async def watch(api: Driver, plural: str, **params: str) -> Seen:
    call = Call("watch", resource(plural), "default", params=params, user=ADMIN)
    seen = Seen()
    found = await api.api.watcher.open(call, Events(lambda entry: entry), seen.send, seen.end)
    found.start(call)
    return seen


async def test_initial_events_end_with_a_bookmark_and_then_it_is_live(api: Driver) -> None:
    await api.create("configmaps", configmap("a"))
    seen = await watch(
        api,
        "configmaps",
        sendInitialEvents="true",
        resourceVersionMatch="NotOlderThan",
        allowWatchBookmarks="true",
    )
    assert (seen.events, len(seen.bookmarks)) == ([("ADDED", "a")], 1)
    await api.create("configmaps", configmap("b"))
    await api.patch("configmaps", "a", {"data": {"x": "1"}})
    await api.delete("configmaps", "b")
    assert seen.events[1:] == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


async def test_a_watch_resumes_after_a_version(api: Driver) -> None:
    made = await api.create("configmaps", configmap("a"))
    await api.create("configmaps", configmap("b"))
    seen = await watch(api, "configmaps", resourceVersion=made["metadata"]["resourceVersion"])
    assert seen.events == [("ADDED", "b")]


async def test_a_watch_from_too_long_ago_is_told_so(api: Driver) -> None:
    made = await api.create("configmaps", configmap("a"))
    cache: ResourceCache = api.api.hub.cache(resource("configmaps"))
    cache.ring_start = api.api.hub.revision + 1
    seen = await watch(api, "configmaps", resourceVersion=made["metadata"]["resourceVersion"])
    assert isinstance(seen.error, Expired)
    assert seen.ended


async def test_what_leaves_a_selection_is_deleted_and_what_enters_is_added(api: Driver) -> None:
    await api.create("pods", pod("a"))
    seen = await watch(api, "pods", labelSelector="app=a", resourceVersion=str(api.api.hub.revision))
    await api.patch("pods", "a", {"metadata": {"labels": {"app": "z"}}})
    await api.patch("pods", "a", {"metadata": {"labels": {"app": "a"}}})
    assert seen.events == [("DELETED", "a"), ("ADDED", "a")]


async def test_a_watch_ends_in_time_with_a_bookmark_shortly_before(api: Driver) -> None:
    seen = await watch(
        api,
        "configmaps",
        allowWatchBookmarks="true",
        timeoutSeconds="130",
        resourceVersion=str(api.api.hub.revision),
    )
    await asyncio.sleep(131)
    assert seen.ended
    assert len(seen.bookmarks) == 3  # after one minute, after two, and two seconds before the end


async def test_equal_watchers_share_one_channel(api: Driver) -> None:
    for _ in range(3):
        await watch(api, "configmaps", resourceVersion=str(api.api.hub.revision))
    cache = api.api.hub.cache(resource("configmaps"))
    assert [len(channel.sinks) for channel in cache.channels.values()] == [3]


async def test_events_expire_after_an_hour(api: Driver) -> None:
    body = {
        "metadata": {"name": "e"},
        "involvedObject": {"namespace": "default"},
        "reason": "R",
        "type": "Normal",
    }
    await api.create("events", body)
    await asyncio.sleep(3500)
    assert await api.names("events") == ["e"]
    await asyncio.sleep(200)
    assert await api.names("events") == []


def test_a_ring_is_bounded_in_events_and_bytes() -> None:
    from wherry.apiserver import hub
    from wherry.apiserver.entry import Entry

    cache = ResourceCache(resource("configmaps"))
    for revision in range(1, hub.RING_EVENTS + 11):
        cache.remember(Event("ADDED", Entry(cache.resource, "n/a", b"x" * 2000, revision), None, revision))
    assert cache.ring_bytes <= hub.RING_BYTES
    assert cache.ring_start == cache.ring[0].revision - 1
