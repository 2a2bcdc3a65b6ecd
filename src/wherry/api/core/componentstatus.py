"""ComponentStatus: the health of a control-plane component, as older clients ask for it."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import NAME, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import ListMap, Merge, Part


class ComponentCondition(Part):
    error: str = ""
    message: str = ""
    status: str = ""
    type: str = ""


HEALTH = {"True": "Healthy", "": "Unknown"}


def _health(found: ComponentStatus) -> ComponentCondition:
    return next((each for each in found.conditions if each.type == "Healthy"), ComponentCondition())


@resource(
    "v1",
    "componentstatuses",
    columns=(
        NAME,
        column("Status", lambda found: HEALTH.get(_health(found).status, "Unhealthy")),
        column("Message", lambda found: _health(found).message),
        column("Error", lambda found: _health(found).error),
    ),
)
class ComponentStatus(Object):
    conditions: Annotated[tuple[ComponentCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
