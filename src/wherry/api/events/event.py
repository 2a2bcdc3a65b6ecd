"""Event: something that happened to an object."""

from __future__ import annotations

from wherry.api.core.event import EventSource
from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int32, MicroTime, Part, Time


class EventSeries(Part):
    count: Int32 = 0
    lastObservedTime: MicroTime = ""


@resource("events.k8s.io/v1", "events")
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
