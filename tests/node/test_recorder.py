"""Recorder: what happens to pods is told, and what happens again is counted."""

from __future__ import annotations

import asyncio
from typing import Any

from wherry.api.core.event import Event
from wherry.api.core.pod import Pod
from wherry.client.client import Client
from wherry.machinery.meta import ObjectMeta
from wherry.node.recorder import Recorder

LIMIT = 10.0  # seconds
POD = Pod(metadata=ObjectMeta(name="p", namespace="default", uid="u"))


async def test_equal_events_are_counted_up(client: Client, clock: Any) -> None:
    recorder = Recorder(client, clock, "n1")
    for message in ("once", "twice", "twice"):
        recorder.pod_event(POD, "Warning", "Unhealthy", message, "c")
    task = asyncio.create_task(recorder.run())
    counts: dict[str, int | None] = {}
    async with asyncio.timeout(LIMIT):
        while counts != {"once": 1, "twice": 2}:
            await asyncio.sleep(0.01)
            found = await client.list(Event, "default")
            counts = {event.message: event.count for event in found if event.involvedObject.name == "p"}
    task.cancel()
    [event] = [event for event in found if event.message == "once"]
    assert event.involvedObject.fieldPath == "spec.containers{c}"
    assert event.source is not None
    assert (event.source.component, event.source.host, event.type) == ("kubelet", "n1", "Warning")
