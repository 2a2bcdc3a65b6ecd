"""Columns: what the tables of many kinds have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from wherry.api.registry import Column
from wherry.machinery.selectors import format_label_selector
from wherry.machinery.times import age

NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"

Cell = Callable[[Any], Any]


def column(name: str, cell: Cell, type: str = "string", *, priority: int = 0, format: str = "") -> Column:
    """A column whose cells do not depend on the time."""
    return Column(name, lambda found, now: cell(found), type=type, format=format, priority=priority)


def wide(name: str, cell: Cell, type: str = "string") -> Column:
    """A column that only wide tables show."""
    return column(name, cell, type, priority=1)


def aged(name: str, moment: Callable[[Any], str], *, missing: str = UNKNOWN, priority: int = 0) -> Column:
    """A column that tells how long ago something was."""

    def cell(found: Any, now: datetime) -> str:
        timestamp = moment(found)
        return age(timestamp, now) if timestamp else missing

    return Column(name, cell, priority=priority)


def _name(found: Any) -> str:
    return str(found.metadata.name)


def named(cell: Callable[[Any], str] = _name, *, priority: int = 0) -> Column:
    """The column of the object's name."""
    return column("Name", cell, format="name", priority=priority)


def flagged_name(*annotations: str) -> Column:
    """The name, with a mark at what is the default of its kind."""

    def cell(found: Any) -> str:
        is_default = any(found.metadata.annotations.get(key) == "true" for key in annotations)
        return f"{found.metadata.name} (default)" if is_default else _name(found)

    return named(cell)


NAME = named()
AGE = aged("Age", lambda found: found.metadata.creationTimestamp)


def containers(of: Cell) -> tuple[Column, Column]:
    """The wide columns of a Pod template: names and images of its containers."""
    return (
        wide("Containers", lambda found: joined(container.name for container in of(found).spec.containers)),
        wide("Images", lambda found: joined(container.image for container in of(found).spec.containers)),
    )


def selector(of: Cell) -> Column:
    return wide("Selector", lambda found: format_label_selector(of(found)))


def joined(parts: Iterable[str], by: str = ",") -> str:
    return by.join(parts)


def labels_text(labels: Mapping[str, str], missing: str = NONE) -> str:
    """`app=web,tier=front`, in the order of keys."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) or missing


def first_of(items: Iterable[str], shown: int = 3, missing: str = NONE) -> str:
    """The first few, and how many are left out."""
    found = list(items)
    if not found:
        return missing
    text = ",".join(found[:shown])
    return f"{text} + {len(found) - shown} more..." if len(found) > shown else text


def or_unset(value: Any) -> str:
    return UNSET if value in (None, "") else str(value)


def access_modes(modes: Iterable[str]) -> str:
    """`RWO,ROX`: each mode once, in upstream's order."""
    found = set(modes)
    return ",".join(short for mode, short in _ACCESS_MODES.items() if mode in found)


_ACCESS_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
