"""Event: something that happened to an object."""

from __future__ import annotations

from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int32, MicroTime, Part, Time


class EventSeries(Part):
    count: Int32 | None = None
    lastObservedTime: MicroTime = ""


class EventSource(Part):
    component: str = ""
    host: str = ""


@resource("v1", "events")
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
