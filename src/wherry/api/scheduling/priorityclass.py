"""PriorityClass: how important a Pod is."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int32, OneOf


@resource(
    "scheduling.k8s.io/v1",
    "priorityclasses",
    columns=(
        NAME,
        column("Value", lambda found: found.value or 0, "integer"),
        column("Global-Default", lambda found: found.globalDefault, "boolean"),
        AGE,
        column("PreemptionPolicy", lambda found: found.preemptionPolicy),
    ),
    generation=True,
)
class PriorityClass(Object):
    description: str = ""
    globalDefault: bool = False
    preemptionPolicy: Annotated[str, OneOf("Never", "PreemptLowerPriority")] = "PreemptLowerPriority"
    value: Int32 | None = None
