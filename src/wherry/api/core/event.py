"""Event: something that happened to an object."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.core.eventcolumns import COLUMNS, source_of
from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int32, MicroTime, Part, Time


class EventSeries(Part):
    count: Int32 | None = None
    lastObservedTime: MicroTime = ""


class EventSource(Part):
    component: str = ""
    host: str = ""


def validate(new: Event, old: Event | None) -> Iterator[FieldError]:
    namespace, found = new.metadata.namespace, new.involvedObject.namespace
    if (not found and namespace != "default") or (found and namespace != found):
        yield invalid("involvedObject.namespace", found, "does not match event.namespace")
    if not new.eventTime:
        return
    # Events of the newer interface say more, and that in full.
    for field in ("reportingComponent", "reportingInstance", "action", "reason"):
        if not getattr(new, field):
            yield required("reportingController" if field == "reportingComponent" else field)
    if new.type not in ("Normal", "Warning"):
        yield invalid("type", new.type, "has invalid value: " + new.type)


@resource(
    "v1",
    "events",
    validate=validate,
    selectable={
        "involvedObject.kind": lambda event: event.involvedObject.kind,
        "involvedObject.namespace": lambda event: event.involvedObject.namespace,
        "involvedObject.name": lambda event: event.involvedObject.name,
        "involvedObject.uid": lambda event: event.involvedObject.uid,
        "involvedObject.apiVersion": lambda event: event.involvedObject.apiVersion,
        "involvedObject.resourceVersion": lambda event: event.involvedObject.resourceVersion,
        "involvedObject.fieldPath": lambda event: event.involvedObject.fieldPath,
        "reason": lambda event: event.reason,
        "reportingComponent": lambda event: event.reportingComponent,
        "source": source_of,
        "type": lambda event: event.type,
    },
    columns=COLUMNS,
    create_on_update=True,
)
class Event(Object):
    action: str = ""
    count: Int32 | None = None
    eventTime: MicroTime = ""
    firstTimestamp: Time = ""
    involvedObject: ObjectReference = ObjectReference()
    lastTimestamp: Time = ""
    message: str = ""
    reason: str = ""
    related: ObjectReference | None = None
    reportingComponent: str = ""
    reportingInstance: str = ""
    series: EventSeries | None = None
    source: EventSource | None = None
    type: str = ""
