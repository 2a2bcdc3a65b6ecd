"""Enums: whether fields that may hold one of a few strings do, for a whole object at once.

Types say which strings (`schema.OneOf`). An empty string is no value: whether one is required is for the
kind's own rules to say. What of a type can be wrong at all is found out once per type.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from wherry.machinery.errors import FieldError, not_supported
from wherry.machinery.schema import Part, Shape, Tree


class Checks(NamedTuple):
    """Of one type: fields that are checked themselves, and fields that have such fields below them."""

    values: dict[str, frozenset[str]]
    nested: dict[str, Shape]


def validate_enums(tree: Tree, shape: Shape, path: str = "") -> Iterator[FieldError]:
    """Every string in a part's tree that is none of those its type allows."""
    checks = _checks(shape.type)
    for name, value in tree.items():
        if name in checks.values:
            if value and value not in checks.values[name]:
                yield not_supported(f"{path}.{name}" if path else name, value, shape.fields[name].one_of)
        elif name in checks.nested:
            yield from _validate(value, checks.nested[name], f"{path}.{name}" if path else name)


def _validate(value: Any, shape: Shape, path: str) -> Iterator[FieldError]:
    if shape.kind == "part":
        yield from validate_enums(value, shape, path)
        return
    items = shape.items
    assert items is not None
    pairs = enumerate(value) if shape.kind == "list" else value.items()
    for key, item in pairs:
        if items.kind != "scalar":
            yield from _validate(item, items, f"{path}[{key}]")
        elif item not in items.one_of:
            yield not_supported(f"{path}[{key}]", item, items.one_of)


@cache
def _checks(kind: type[Part]) -> Checks:
    fields = Shape("part", kind).fields
    return Checks(
        {name: frozenset(field.one_of) for name, field in fields.items() if field.one_of},
        {name: field for name, field in fields.items() if _has_checks(field)},
    )


def _has_checks(shape: Shape) -> bool:
    """Whether anything below a field is checked. A type may hold itself: each is looked at once."""
    seen: set[type[Part]] = set()
    waiting = [shape]
    while waiting:
        found = waiting.pop()
        if found.items is not None:
            if found.items.one_of:
                return True
            waiting.append(found.items)
        elif found.kind == "part" and found.type not in seen:
            seen.add(found.type)
            if any(field.one_of for field in found.fields.values()):
                return True
            waiting += found.fields.values()
    return False
