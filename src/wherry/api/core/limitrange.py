"""LimitRange: bounds and defaults for resources in a namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from wherry.api.core.resourcevalidation import check_resource_name
from wherry.api.registry import resource
from wherry.machinery import quantity
from wherry.machinery.errors import FieldError, duplicate, forbidden, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Part, Quantity, Tree


class LimitRangeItem(Part):
    default: Mapping[str, Quantity] = {}
    defaultRequest: Mapping[str, Quantity] = {}
    max: Mapping[str, Quantity] = {}
    maxLimitRequestRatio: Mapping[str, Quantity] = {}
    min: Mapping[str, Quantity] = {}
    type: str = ""

    @staticmethod
    def complete(tree: Tree) -> None:
        """Containers get as much as they may where nothing else is said, and ask for what they get."""
        if tree.get("type") != "Container":
            return
        limits = {**(tree.get("max") or {}), **(tree.get("default") or {})}
        requests = {**(tree.get("min") or {}), **limits, **(tree.get("defaultRequest") or {})}
        if limits:
            tree["default"] = limits
        if requests:
            tree["defaultRequest"] = requests


class LimitRangeSpec(Part):
    limits: Annotated[tuple[LimitRangeItem, ...], Atomic()] = ()


ORDER = (
    ("min", "default"),
    ("min", "max"),
    ("min", "defaultRequest"),
    ("defaultRequest", "default"),
    ("defaultRequest", "max"),
    ("default", "max"),
)
WORDS = {"min": "min", "max": "max", "default": "default", "defaultRequest": "default request"}


def _validate_item(item: LimitRangeItem, path: str) -> Iterator[FieldError]:
    fields = {field: getattr(item, field) for field in WORDS}
    for field, amounts in fields.items():
        for name in amounts:
            for problem in check_resource_name(name):
                yield invalid(f"{path}.{field}[{name}]", name, problem)
    if item.type == "Pod":
        for field in ("default", "defaultRequest"):
            if fields[field]:
                yield forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'")
    for low, high in ORDER:
        for name in sorted(fields[low].keys() & fields[high].keys()):
            less, more = fields[low][name], fields[high][name]
            if quantity.parse(less) > quantity.parse(more):
                detail = f"{WORDS[low]} value {less} is greater than {WORDS[high]} value {more}"
                yield invalid(f"{path}.{low}[{name}]", less, detail)


def validate(new: LimitRange, old: LimitRange | None) -> Iterator[FieldError]:
    types: set[str] = set()
    for index, item in enumerate(new.spec.limits):
        where = f"spec.limits[{index}]"
        if not item.type:
            yield required(f"{where}.type")
        if item.type in types:
            yield duplicate(f"{where}.type", item.type)
        types.add(item.type)
        yield from _validate_item(item, where)


@resource("v1", "limitranges", validate=validate, create_on_update=True)
class LimitRange(Object):
    spec: LimitRangeSpec = LimitRangeSpec()
