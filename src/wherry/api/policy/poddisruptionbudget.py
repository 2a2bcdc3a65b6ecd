"""PodDisruptionBudget: how many Pods may be gone at a time by choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import Condition, LabelSelector, Object
from wherry.machinery.schema import Int32, Int64, IntOrString, ListMap, Merge, Part, Time


class PodDisruptionBudgetSpec(Part):
    maxUnavailable: IntOrString | None = None
    minAvailable: IntOrString | None = None
    selector: Annotated[LabelSelector, Merge("replace")] | None = None
    unhealthyPodEvictionPolicy: str = ""


class PodDisruptionBudgetStatus(Part):
    conditions: Annotated[tuple[Condition, ...], ListMap("type"), Merge("merge", "type")] = ()
    currentHealthy: Int32 = 0
    desiredHealthy: Int32 = 0
    disruptedPods: Mapping[str, Time] = {}
    disruptionsAllowed: Int32 = 0
    expectedPods: Int32 = 0
    observedGeneration: Int64 = 0


@resource("policy/v1", "poddisruptionbudgets")
class PodDisruptionBudget(Object):
    spec: PodDisruptionBudgetSpec = PodDisruptionBudgetSpec()
    status: PodDisruptionBudgetStatus = PodDisruptionBudgetStatus()
