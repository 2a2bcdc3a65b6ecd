"""Events: telling users what happened to an object, without flooding them.

Repeats become one Event with a count. Ten that differ only in their message become one that stands for
all that follow. Who has too much to say about one object is cut short.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from wherry.api.core.event import Event, EventSource
from wherry.api.core.reference import ObjectReference
from wherry.client.client import Client
from wherry.machinery.clock import Clock
from wherry.machinery.errors import NotFound, StatusError
from wherry.machinery.meta import Object, ObjectMeta
from wherry.machinery.schema import edit
from wherry.machinery.times import format_seconds

log = logging.getLogger(__name__)

REMEMBERED = 4096  # different events, and different talkers, that are kept in mind
SIMILAR_LIMIT, SIMILAR_SPAN = 10, timedelta(minutes=10)
BURST, REFILL = 25, 300.0  # events about one object at once; seconds until one more
WAITING_LIMIT = 1000  # events that wait to be written
TRIES, PAUSE = 12, 10.0  # attempts to write one, seconds between them
COMBINED = "(combined from similar events): "
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class _Said(NamedTuple):
    """An Event as it was last written."""

    name: str
    times: int


class Recorder:
    """Says things on behalf of one component."""

    def __init__(self, broadcaster: Broadcaster, component: str, host: str = "") -> None:
        self._broadcaster = broadcaster
        self._component = component
        self._host = host

    def emit(self, about: Object | ObjectReference, type: str, reason: str, message: str) -> None:
        """Returns at once; the Event is written when its turn comes. type: Normal or Warning."""
        reference = about if isinstance(about, ObjectReference) else reference_to(about)
        self._broadcaster.take(
            reference, EventSource(component=self._component, host=self._host), type, reason, message
        )


def reference_to(obj: Object) -> ObjectReference:
    """The object as others point at it."""
    return ObjectReference(
        apiVersion=obj.apiVersion,
        kind=obj.kind,
        name=obj.metadata.name,
        namespace=obj.metadata.namespace,
        uid=obj.metadata.uid,
        resourceVersion=obj.metadata.resourceVersion,
    )


class Broadcaster:
    """Writes the events of all recorders of a process, in order."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._correlator = Correlator(clock)
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(WAITING_LIMIT)
        self._said: OrderedDict[Any, _Said] = OrderedDict()

    def recorder(self, component: str, host: str = "") -> Recorder:
        return Recorder(self, component, host)

    def take(self, about: ObjectReference, source: EventSource, type: str, reason: str, message: str) -> None:
        now = self._clock.now()
        event = Event(
            metadata=ObjectMeta(namespace=about.namespace or "default"),
            involvedObject=about,
            type=type,
            reason=reason,
            message=message,
            source=source,
            reportingComponent=source.component,
            reportingInstance=source.host,
            firstTimestamp=format_seconds(now),
            lastTimestamp=format_seconds(now),
            count=1,
        )
        combined = self._correlator.combined(event)
        if combined is None:
            return
        try:
            self._waiting.put_nowait(combined)
        except asyncio.QueueFull:
            log.warning("An event was dropped: too many wait.", extra={"reason": reason, "about": about.name})

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            event = await self._waiting.get()
            try:
                await self._write(event)
            finally:
                self._waiting.task_done()

    async def flushed(self) -> None:
        """Wait until everything said so far is written."""
        await self._waiting.join()

    async def _write(self, event: Event) -> None:
        for _ in range(TRIES):
            try:
                await self._record(event)
                return
            except StatusError as error:
                details = {"reason": event.reason, "about": event.involvedObject.name, "error": str(error)}
                log.info("The server does not take an event.", extra=details)
                return
            except OSError:
                await asyncio.sleep(PAUSE * (0.5 + self._clock.random()))

    async def _record(self, event: Event) -> None:
        key = _identity(event)
        said = self._said.get(key)
        if said is not None:
            body = {"count": said.times + 1, "lastTimestamp": event.lastTimestamp, "message": event.message}
            try:
                await self._client.patch(Event, said.name, body, event.metadata.namespace, type="strategic")
                self._remember(key, said._replace(times=said.times + 1))
                return
            except NotFound:
                pass  # it has expired: say it again
        name = f"{event.involvedObject.name}.{self._nanoseconds():x}"
        metadata = ObjectMeta(name=name, namespace=event.metadata.namespace)
        await self._client.create(edit(event, metadata=metadata))
        self._remember(key, _Said(name, 1))

    def _nanoseconds(self) -> int:
        """Now, with chance below the microsecond, so that no two names are the same."""
        micros = (self._clock.now() - EPOCH) // timedelta(microseconds=1)
        return micros * 1000 + int(self._clock.random() * 1000)

    def _remember(self, key: Any, said: _Said) -> None:
        self._said[key] = said
        self._said.move_to_end(key)
        if len(self._said) > REMEMBERED:
            self._said.popitem(last=False)


class Correlator:
    """Decides what becomes of an event: itself, part of a combined one, or nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._similar: OrderedDict[Any, tuple[datetime, set[str]]] = OrderedDict()
        self._budgets: OrderedDict[Any, tuple[float, float]] = OrderedDict()

    def combined(self, event: Event) -> Event | None:
        """The event to write, None where enough was said about this object."""
        key = _similarity(event)
        now = self._clock.now()
        since, messages = self._similar.get(key, (now, set()))
        if now - since > SIMILAR_SPAN:
            messages = set()
        if len(messages) < SIMILAR_LIMIT or event.message in messages:
            messages.add(event.message)
        if len(messages) >= SIMILAR_LIMIT:
            event = edit(event, message=COMBINED + event.message)
        _keep(self._similar, key, (now, messages))
        return event if self._may_speak(event) else None

    def _may_speak(self, event: Event) -> bool:
        key = (event.source, event.involvedObject.uid, event.involvedObject.name, event.metadata.namespace)
        now = self._clock.monotonic()
        left, at = self._budgets.get(key, (float(BURST), now))
        left = min(BURST, left + (now - at) / REFILL)
        _keep(self._budgets, key, (left - 1 if left >= 1 else left, now))
        return left >= 1


def _keep(memory: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)


def _similarity(event: Event) -> tuple[Any, ...]:
    about = event.involvedObject
    return (event.source, about.kind, about.namespace, about.name, about.uid, event.type, event.reason)


def _identity(event: Event) -> tuple[Any, ...]:
    """Events with the same identity are counted together; all combined ones of a sort have one."""
    message = COMBINED if event.message.startswith(COMBINED) else event.message
    return (*_similarity(event), event.involvedObject.fieldPath, message)
