"""Event: something that happened to an object."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.columns import aged, column, named, wide
from wherry.api.core.event import EventSource
from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int32, MicroTime, Part, Time, Tree


class EventSeries(Part):
    count: Int32 = 0
    lastObservedTime: MicroTime = ""


# Names here, and what the same fields are called in core/v1, the form in which all Events are stored.
STORED_NAMES = {
    "note": "message",
    "regarding": "involvedObject",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}


def to_stored(tree: Tree) -> None:
    for here, there in STORED_NAMES.items():
        if here in tree:
            tree[there] = tree.pop(here)


def from_stored(tree: Tree) -> None:
    for here, there in STORED_NAMES.items():
        if there in tree:
            tree[here] = tree.pop(there)


def _first_seen(event: Event) -> str:
    return event.deprecatedFirstTimestamp or event.eventTime


def _last_seen(event: Event) -> str:
    if event.series is not None and event.series.lastObservedTime:
        return event.series.lastObservedTime
    return event.deprecatedLastTimestamp or _first_seen(event)


def _object(event: Event) -> str:
    found = event.regarding or ObjectReference()
    kind = found.kind.lower()
    return f"{kind}/{found.name}" if found.name else kind


def _source(event: Event) -> str:
    source = event.deprecatedSource or EventSource()
    component = source.component or event.reportingController
    host = source.host or event.reportingInstance
    return f"{component}, {host}" if host else component


def _count(event: Event) -> str:
    return str(event.series.count if event.series is not None else event.deprecatedCount or 1)


# Selectors are evaluated on the stored form, an Event of core/v1.
def validate(new: Event, old: Event | None) -> Iterator[FieldError]:
    regarding = new.regarding or ObjectReference()
    if new.metadata.namespace != (regarding.namespace or "default"):
        yield invalid("involvedObject.namespace", regarding.namespace, "does not match event.namespace")
    if not new.eventTime:
        yield required("eventTime")
    for field in ("reportingController", "reportingInstance", "action", "reason"):
        if not getattr(new, field):
            yield required(field)


@resource(
    "events.k8s.io/v1",
    "events",
    validate=validate,
    selectable={
        "regarding.kind": lambda stored: stored.involvedObject.kind,
        "regarding.namespace": lambda stored: stored.involvedObject.namespace,
        "regarding.name": lambda stored: stored.involvedObject.name,
        "regarding.uid": lambda stored: stored.involvedObject.uid,
        "regarding.apiVersion": lambda stored: stored.involvedObject.apiVersion,
        "regarding.resourceVersion": lambda stored: stored.involvedObject.resourceVersion,
        "regarding.fieldPath": lambda stored: stored.involvedObject.fieldPath,
        "reason": lambda stored: stored.reason,
        "reportingController": lambda stored: stored.reportingComponent,
        "type": lambda stored: stored.type,
    },
    columns=(
        aged("Last Seen", _last_seen),
        column("Type", lambda event: event.type),
        column("Reason", lambda event: event.reason),
        column("Object", _object),
        wide("Subobject", lambda event: event.regarding.fieldPath if event.regarding else ""),
        wide("Source", _source),
        column("Message", lambda event: event.note.strip()),
        aged("First Seen", _first_seen, priority=1),
        wide("Count", _count),
        named(priority=1),
    ),
    create_on_update=True,
    from_stored=from_stored,
    to_stored=to_stored,
)
class Event(Object):
    action: str = ""
    deprecatedCount: Int32 | None = None
    deprecatedFirstTimestamp: Time = ""
    deprecatedLastTimestamp: Time = ""
    deprecatedSource: EventSource | None = None
    eventTime: MicroTime = ""
    note: str = ""
    reason: str = ""
    regarding: ObjectReference | None = None
    related: ObjectReference | None = None
    reportingController: str = ""
    reportingInstance: str = ""
    series: EventSeries | None = None
    type: str = ""
