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
    shape = Shape("part", kind)
    fields = shape.fields
    return Checks(
        {name: frozenset(field.one_of) for name, field in fields.items() if field.one_of},
        {name: field for name, field in fields.items() if _has_checks(field, frozenset((kind,)))},
    )


def _has_checks(shape: Shape, seen: frozenset[Any]) -> bool:
    """Whether anything below a field is checked. Types that hold themselves (schemas) end the search."""
    if shape.items is not None:
        return bool(shape.items.one_of) or _has_checks(shape.items, seen)
    if shape.kind != "part" or shape.type in seen:
        return False
    seen |= {shape.type}
    return any(field.one_of or _has_checks(field, seen) for field in shape.fields.values())
