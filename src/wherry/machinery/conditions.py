"""Conditions: what is true of an object, by type, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec

from wherry.machinery.times import format_seconds


class ConditionLike(Protocol):
    """A frozen struct with these fields: every kind's conditions have them."""

    @property
    def type(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def lastTransitionTime(self) -> str: ...


C = TypeVar("C", bound=ConditionLike)


def find_condition(conditions: Iterable[C], type: str) -> C | None:
    return next((condition for condition in conditions if condition.type == type), None)


def has_condition(conditions: Iterable[ConditionLike], type: str, status: str = "True") -> bool:
    """Whether the condition stands there with this status."""
    return any(condition.type == type and condition.status == status for condition in conditions)


def set_condition(conditions: tuple[C, ...], condition: C, now: datetime) -> tuple[C, ...]:
    """`conditions` with this one in the place of the one of its type, or at the end.

    lastTransitionTime tells when the status last changed: it stays while the status does, and is `now`
    where the condition does not say when. Where nothing changes the same tuple comes back.
    """
    for at, old in enumerate(conditions):
        if old.type == condition.type:
            fresh = _dated(condition, old, now)
            return conditions if fresh == old else (*conditions[:at], fresh, *conditions[at + 1 :])
    return (*conditions, _dated(condition, None, now))


def _dated(condition: C, old: C | None, now: datetime) -> C:
    if old is not None and old.status == condition.status:
        since = old.lastTransitionTime
    else:
        since = condition.lastTransitionTime or format_seconds(now)
    return _replaced(condition, lastTransitionTime=since)


def _replaced(condition: C, **changes: Any) -> C:
    struct: Any = condition
    replaced: C = msgspec.structs.replace(struct, **changes)
    return replaced


def remove_condition(conditions: tuple[C, ...], type: str) -> tuple[C, ...]:
    """`conditions` without the one of this type; the same tuple where there is none."""
    kept = tuple(condition for condition in conditions if condition.type != type)
    return conditions if len(kept) == len(conditions) else kept
