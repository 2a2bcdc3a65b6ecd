"""ComponentStatus: the health of a control-plane component, as older clients ask for it."""

from __future__ import annotations

from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import ListMap, Merge, Part


class ComponentCondition(Part):
    error: str = ""
    message: str = ""
    status: str = ""
    type: str = ""


@resource("v1", "componentstatuses")
class ComponentStatus(Object):
    conditions: Annotated[tuple[ComponentCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
