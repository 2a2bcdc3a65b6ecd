"""Workload validation: what Deployments, ReplicaSets, DaemonSets and StatefulSets have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wherry.api.core.resourcevalidation import NOT_NEGATIVE
from wherry.api.core.templatevalidation import (
    immutable,
    validate_always_restarts,
    validate_selects,
    validate_template,
)
from wherry.machinery.errors import FieldError, invalid
from wherry.machinery.intorstr import check_percent, percent


def validate_workload(new: Any, old: Any) -> Iterator[FieldError]:
    """Selector and template of a workload whose Pods are to be there all the time.

    A template that was accepted before is not looked at again: nearly all updates leave it alone.
    """
    spec = new.spec
    if old is not None and (spec.selector, spec.template) == (old.spec.selector, old.spec.template):
        return
    yield from validate_selects(spec.selector, spec.template)
    yield from validate_template(spec.template, "spec.template")
    yield from validate_always_restarts(spec.template, "spec.template")
    if old is not None:
        yield from immutable("spec.selector", spec.selector, old.spec.selector)


def validate_counts(part: Any, path: str, *fields: str) -> Iterator[FieldError]:
    """Numbers that are not less than nothing; unset ones are fine."""
    for field in fields:
        value = getattr(part, field)
        if value is not None and value < 0:
            yield invalid(f"{path}.{field}", value, NOT_NEGATIVE)


def validate_share(value: int | str | None, path: str, *, at_most_all: bool = False) -> Iterator[FieldError]:
    """A number of Pods, or a percentage of them."""
    if value is None:
        return
    if isinstance(value, str):
        for problem in check_percent(value):
            yield invalid(path, value, problem)
    elif value < 0:
        yield invalid(path, value, NOT_NEGATIVE)
    if at_most_all and (percent(value) or 0) > 100:
        yield invalid(path, value, "must not be greater than 100%")


def amount(value: int | str | None) -> int:
    """The number, whether of Pods or per cent: for asking whether it is zero."""
    if isinstance(value, str):
        return percent(value) or 0
    return value or 0
