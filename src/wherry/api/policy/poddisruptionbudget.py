"""PodDisruptionBudget: how many Pods may be gone at a time by choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.api.rules import validate_share
from wherry.machinery.errors import FieldError, invalid
from wherry.machinery.labels import validate_label_selector
from wherry.machinery.meta import Condition, LabelSelector, Object
from wherry.machinery.schema import Int32, Int64, IntOrString, ListMap, Merge, OneOf, Part, Time, Written


class PodDisruptionBudgetSpec(Part):
    maxUnavailable: IntOrString | None = None
    minAvailable: IntOrString | None = None
    selector: Annotated[LabelSelector, Merge("replace")] | None = None
    unhealthyPodEvictionPolicy: Annotated[str, OneOf("AlwaysAllow", "IfHealthyBudget")] = ""


class PodDisruptionBudgetStatus(Part):
    conditions: Annotated[tuple[Condition, ...], ListMap("type"), Merge("merge", "type")] = ()
    currentHealthy: Annotated[Int32, Written()] = 0
    desiredHealthy: Annotated[Int32, Written()] = 0
    disruptedPods: Mapping[str, Time] = {}
    disruptionsAllowed: Annotated[Int32, Written()] = 0
    expectedPods: Annotated[Int32, Written()] = 0
    observedGeneration: Int64 = 0


def _or_not_applicable(value: int | str | None) -> str:
    return "N/A" if value is None else str(value)


def validate(new: PodDisruptionBudget, old: PodDisruptionBudget | None) -> Iterator[FieldError]:
    spec = new.spec
    if spec.minAvailable is not None and spec.maxUnavailable is not None:
        yield invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")
    yield from validate_share(spec.minAvailable, "spec.minAvailable", at_most_all=True)
    yield from validate_share(spec.maxUnavailable, "spec.maxUnavailable", at_most_all=True)
    yield from validate_label_selector(spec.selector, "spec.selector")


@resource(
    "policy/v1",
    "poddisruptionbudgets",
    validate=validate,
    columns=(
        NAME,
        column("Min Available", lambda found: _or_not_applicable(found.spec.minAvailable)),
        column("Max Unavailable", lambda found: _or_not_applicable(found.spec.maxUnavailable)),
        column("Allowed Disruptions", lambda found: found.status.disruptionsAllowed, "integer"),
        AGE,
    ),
    generation=True,
    needs_version=True,
)
class PodDisruptionBudget(Object):
    spec: PodDisruptionBudgetSpec = PodDisruptionBudgetSpec()
    status: PodDisruptionBudgetStatus = PodDisruptionBudgetStatus()
