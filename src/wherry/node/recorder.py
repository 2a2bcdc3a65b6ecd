"""Recorder: tells the API what happens to pods, as Events; equal ones are counted up instead of repeated."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

from wherry.api.core.event import Event, EventSource
from wherry.api.core.pod import Pod
from wherry.api.core.reference import ObjectReference
from wherry.client.client import Client
from wherry.machinery import times
from wherry.machinery.clock import Clock
from wherry.machinery.errors import NotFound, StatusError
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit

log = logging.getLogger(__name__)

MOST_WAITING = 1000  # events; more are dropped: they must not hold up pods
REMEMBERED = 4096  # events that a further one may be counted to
LONGEST_MESSAGE = 1024

Key = tuple[str, ...]


class Recorder:
    """Queues events; `run` sends them."""

    def __init__(self, client: Client, clock: Clock, node: str) -> None:
        self._client = client
        self._clock = clock
        self._node = node
        self._queue: asyncio.Queue[Event] = asyncio.Queue(MOST_WAITING)
        self._sent: OrderedDict[Key, Event] = OrderedDict()

    def pod_event(self, pod: Pod, type: str, reason: str, message: str, container: str = "") -> None:
        meta = pod.metadata
        reference = ObjectReference(
            apiVersion="v1",
            kind="Pod",
            namespace=meta.namespace,
            name=meta.name,
            uid=meta.uid,
            resourceVersion=meta.resourceVersion,
            fieldPath=_field_path(pod, container),
        )
        self._put(reference, meta.namespace, type, reason, message)

    def node_event(self, type: str, reason: str, message: str) -> None:
        reference = ObjectReference(kind="Node", name=self._node, uid=self._node)
        self._put(reference, "default", type, reason, message)

    def _put(self, about: ObjectReference, namespace: str, type: str, reason: str, message: str) -> None:
        now = self._clock.now()
        stamp = int(now.timestamp() * 1e9)
        event = Event(
            metadata=ObjectMeta(name=f"{about.name}.{stamp:x}{self._clock.suffix(2)}", namespace=namespace),
            involvedObject=about,
            type=type,
            reason=reason,
            message=message[:LONGEST_MESSAGE],
            count=1,
            firstTimestamp=times.format_seconds(now),
            lastTimestamp=times.format_seconds(now),
            source=EventSource(component="kubelet", host=self._node),
            reportingComponent="kubelet",
            reportingInstance=self._node,
        )
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            log.warning("An event was dropped: too many wait to be sent.", extra={"reason": reason})

    async def run(self) -> None:
        """Send what is queued, one after the other, until cancelled."""
        while True:
            event = await self._queue.get()
            try:
                await self._send(event)
            except (StatusError, ConnectionError, TimeoutError) as error:
                details = {"reason": event.reason, "error": str(error)}
                log.info("An event could not be sent and is dropped.", extra=details)

    async def _send(self, event: Event) -> None:
        key = _key(event)
        earlier = self._sent.get(key)
        if earlier is not None:
            event = edit(earlier, count=(earlier.count or 1) + 1, lastTimestamp=event.lastTimestamp)
            try:
                await self._client.patch(
                    Event,
                    event.metadata.name,
                    {"count": event.count, "lastTimestamp": event.lastTimestamp},
                    event.metadata.namespace,
                    type="strategic",
                )
            except NotFound:  # it has expired
                event = edit(event, metadata=edit(event.metadata, resourceVersion=""))
                await self._client.create(event)
        else:
            await self._client.create(event)
        self._sent[key] = event
        self._sent.move_to_end(key)
        if len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)


def _key(event: Event) -> Key:
    about = event.involvedObject
    return (about.kind, about.namespace, about.name, about.uid, about.fieldPath, event.reason, event.message)


def _field_path(pod: Pod, container: str) -> str:
    if not container:
        return ""
    if any(each.name == container for each in pod.spec.initContainers):
        return f"spec.initContainers{{{container}}}"
    if any(each.name == container for each in pod.spec.ephemeralContainers):
        return f"spec.ephemeralContainers{{{container}}}"
    return f"spec.containers{{{container}}}"
