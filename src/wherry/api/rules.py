"""Rules: what many kinds say about their fields: what never changes, what is not less than nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wherry.machinery.errors import FieldError, invalid
from wherry.machinery.intorstr import check_percent, percent

IMMUTABLE = "field is immutable"
NOT_NEGATIVE = "must be greater than or equal to 0"


def immutable(path: str, new: Any, old: Any) -> Iterator[FieldError]:
    if new != old:
        yield invalid(path, new, IMMUTABLE)


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
