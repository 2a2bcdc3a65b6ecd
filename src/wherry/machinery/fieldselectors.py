"""Field selectors: which objects `spec.nodeName=n1,status.phase!=Running` means. No sets, only AND."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple


class FieldSelectorError(ValueError):
    """The text is not a field selector."""


class FieldRequirement(NamedTuple):
    """One condition on one field. Operators: = and !=."""

    field: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}{self.operator}{escape(self.value)}"


class FieldSelector:
    """Requirements that must all hold. Without any it matches everything."""

    __slots__ = ("requirements",)

    def __init__(self, requirements: Iterable[FieldRequirement] = ()) -> None:
        self.requirements = tuple(requirements)

    def matches(self, values: Mapping[str, str]) -> bool:
        """A field that is not among the values counts as empty."""
        for field, operator, value in self.requirements:
            if (values.get(field, "") == value) != (operator == "="):
                return False
        return True

    def exact(self, field: str) -> str | None:
        """The one value that `field` must have, if there is one: for indexes and authorization by name."""
        return next((r.value for r in self.requirements if r.field == field and r.operator == "="), None)

    def renamed(self, rename: Callable[[str, str], tuple[str, str]]) -> FieldSelector:
        """With `rename` applied to each field and value; it raises what a client should see."""
        return FieldSelector(
            FieldRequirement(*_moved(r, rename(r.field, r.value))) for r in self.requirements
        )

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))

    def __repr__(self) -> str:
        return f"FieldSelector({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldSelector) and self.requirements == other.requirements

    def __hash__(self) -> int:
        return hash(self.requirements)


def _moved(requirement: FieldRequirement, place: tuple[str, str]) -> tuple[str, str, str]:
    return place[0], requirement.operator, place[1]


EVERYTHING = FieldSelector()

_TERMS = re.compile(r"((?:\\.|[^\\,]|\\$)*)(?:,|$)", re.DOTALL)
_OPERATOR = re.compile("!=|==|=")


@lru_cache(maxsize=1024)
def parse(text: str) -> FieldSelector:
    """A selector written as in `kubectl get --field-selector`."""
    terms = sorted(match[1] for match in _TERMS.finditer(text))
    return FieldSelector(_requirement(term, text) for term in terms if term)


def _requirement(term: str, text: str) -> FieldRequirement:
    operator = _OPERATOR.search(term)
    if operator is None:
        raise FieldSelectorError(f"invalid selector: '{text}'; can't understand '{term}'")
    value = unescape(term[operator.end() :])
    return FieldRequirement(term[: operator.start()], "!=" if operator[0] == "!=" else "=", value)


def escape(value: str) -> str:
    return re.sub(r"([\\,=])", r"\\\1", value)


def unescape(value: str) -> str:
    """The value that was meant; commas, equals signs and backslashes must have been escaped."""
    if not re.search(r"[\\,=]", value):
        return value
    for match in re.finditer(r"\\(.?)|[,=]", value, re.DOTALL):
        if match[0] in (",", "="):
            raise FieldSelectorError(f"invalid field selector: unescaped character in value: {match[0]}")
        if match[1] not in ("\\", ",", "=") or not match[1]:
            raise FieldSelectorError(f"invalid field selector: invalid escape sequence: {match[0]}")
    return re.sub(r"\\(.)", r"\1", value)
