"""Events: counted, combined, and cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from wherry.api.core.event import Event
from wherry.api.core.pod import Pod
from wherry.api.registry import Resource
from wherry.client.client import Client
from wherry.client.events import BURST, COMBINED, SIMILAR_LIMIT, Broadcaster
from wherry.machinery.errors import NotFound
from wherry.machinery.meta import ObjectMeta
from wherry.sim.clock import VirtualClock, run

WEB = Pod(metadata=ObjectMeta(name="web", namespace="default", uid="u1", resourceVersion="7"))


class Written:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}

    async def call(
        self,
        verb: str,
        resource: Resource,
        *,
        name: str = "",
        body: bytes = b"",
        params: Mapping[str, str] = {},
        **more: Any,
    ) -> bytes:
        tree = msgspec.json.decode(body)
        if verb == "create":
            self.events[tree["metadata"]["name"]] = tree
            return body
        if name not in self.events:
            raise NotFound("expired")
        self.events[name].update(tree)
        return msgspec.json.encode(self.events[name])

    def watch(self, *args: Any, **options: Any) -> Any:
        raise AssertionError("nobody watches here")

    async def close(self) -> None:
        return None


def said(*messages: str, expire_after: int = 0) -> list[dict[str, Any]]:
    async def scenario() -> list[dict[str, Any]]:
        server = Written()
        broadcaster = Broadcaster(Client(server), VirtualClock())
        recorder = broadcaster.recorder("replicaset-controller")
        task = asyncio.ensure_future(broadcaster.run())
        for number, message in enumerate(messages, start=1):
            recorder.emit(WEB, "Normal", "Reason", message)
            await broadcaster.flushed()
            if number == expire_after:
                server.events.clear()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return list(server.events.values())

    return run(scenario())


def test_says_who_says_what_about_whom() -> None:
    (tree,) = said("hello")
    event = msgspec.convert(tree, Event)
    about = event.involvedObject
    assert (about.kind, about.name, about.namespace, about.uid) == ("Pod", "web", "default", "u1")
    assert event.source is not None
    assert event.source.component == event.reportingComponent == "replicaset-controller"
    assert (event.type, event.reason, event.message, event.count) == ("Normal", "Reason", "hello", 1)
    assert event.metadata.name.startswith("web.")


def test_the_same_again_is_counted() -> None:
    (tree,) = said(*["hello"] * 5)
    assert tree["count"] == 5


def test_an_event_that_has_expired_is_said_anew() -> None:
    (tree,) = said("hello", "hello", expire_after=1)
    assert tree["count"] == 1


def test_many_that_are_alike_become_one() -> None:
    events = said(*(f"pod {number}" for number in range(20)))
    combined = [event for event in events if event["message"].startswith(COMBINED)]
    assert len(events) == SIMILAR_LIMIT
    assert len(combined) == 1
    assert combined[0]["count"] == 20 - SIMILAR_LIMIT + 1


def test_who_talks_too_much_is_cut_short() -> None:
    (tree,) = said(*["hello"] * (BURST + 10))
    assert tree["count"] == BURST
