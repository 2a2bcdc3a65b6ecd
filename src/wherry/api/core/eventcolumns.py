"""Event columns: an Event as a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wherry.api.columns import aged, column, named, wide
from wherry.api.registry import Column

if TYPE_CHECKING:
    from wherry.api.core.event import Event  # which imports this module


def source_of(event: Event) -> str:
    return (event.source.component if event.source else "") or event.reportingComponent


def _last_seen(event: Event) -> str:
    if event.series is not None and event.series.lastObservedTime:
        return event.series.lastObservedTime
    return event.lastTimestamp or _first_seen(event)


def _first_seen(event: Event) -> str:
    return event.firstTimestamp or event.eventTime


def _object(event: Event) -> str:
    found = event.involvedObject
    kind = found.kind.lower()
    return f"{kind}/{found.name}" if found.name else kind


def _source(event: Event) -> str:
    host = (event.source.host if event.source else "") or event.reportingInstance
    return f"{source_of(event)}, {host}" if host else source_of(event)


def _count(event: Event) -> str:
    if event.series is not None:
        return str(event.series.count or 0)
    return str(event.count or 1)


COLUMNS: Sequence[Column] = (
    aged("Last Seen", _last_seen),
    column("Type", lambda event: event.type),
    column("Reason", lambda event: event.reason),
    column("Object", _object),
    wide("Subobject", lambda event: event.involvedObject.fieldPath),
    wide("Source", _source),
    column("Message", lambda event: event.message.strip()),
    aged("First Seen", _first_seen, priority=1),
    wide("Count", _count),
    named(priority=1),
)
