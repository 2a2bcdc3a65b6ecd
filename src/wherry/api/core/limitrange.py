"""LimitRange: bounds and defaults for resources in a namespace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Part, Quantity


class LimitRangeItem(Part):
    default: Mapping[str, Quantity] = {}
    defaultRequest: Mapping[str, Quantity] = {}
    max: Mapping[str, Quantity] = {}
    maxLimitRequestRatio: Mapping[str, Quantity] = {}
    min: Mapping[str, Quantity] = {}
    type: str = ""


class LimitRangeSpec(Part):
    limits: Annotated[tuple[LimitRangeItem, ...], Atomic()] = ()


@resource("v1", "limitranges")
class LimitRange(Object):
    spec: LimitRangeSpec = LimitRangeSpec()
