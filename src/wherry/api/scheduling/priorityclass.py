"""PriorityClass: how important a Pod is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.errors import FieldError, forbidden
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int32, OneOf

HIGHEST = 1_000_000_000
SYSTEM = {"system-node-critical": 2 * HIGHEST + 1000, "system-cluster-critical": 2 * HIGHEST}


def validate(new: PriorityClass, old: PriorityClass | None) -> Iterator[FieldError]:
    name, value = new.metadata.name, new.value or 0
    if name.startswith("system-"):
        if SYSTEM.get(name) != value:
            reserved = "priority class names with 'system-' prefix are reserved for system use only"
            known = name in SYSTEM
            why = (
                f"value of {name} PriorityClass must be {SYSTEM.get(name)}"
                if known
                else f"{name} is not a known system priority class"
            )
            yield forbidden("metadata.name", f"{reserved}. error: {why}")
    elif value > HIGHEST:
        yield forbidden("value", f"maximum allowed value of a user defined priority is {HIGHEST}")
    if old is not None:
        if value != (old.value or 0):
            yield forbidden("value", "may not be changed in an update.")
        yield from immutable("preemptionPolicy", new.preemptionPolicy, old.preemptionPolicy)


@resource(
    "scheduling.k8s.io/v1",
    "priorityclasses",
    validate=validate,
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
