"""LimitRange: bounds and defaults for resources in a namespace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.registry import resource
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


@resource("v1", "limitranges", create_on_update=True)
class LimitRange(Object):
    spec: LimitRangeSpec = LimitRangeSpec()
