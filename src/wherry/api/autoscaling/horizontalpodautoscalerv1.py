"""HorizontalPodAutoscaler: scales a workload by what is measured."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.autoscaling.conversion import from_stored, to_stored
from wherry.api.autoscaling.validation import validate_scale
from wherry.api.columns import AGE, NAME, UNKNOWN, column, or_unset
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError, invalid
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int32, Int64, Part, Time, atomic


@atomic
class CrossVersionObjectReference(Part):
    apiVersion: str = ""
    kind: str = ""
    name: str = ""


class HorizontalPodAutoscalerSpec(Part):
    maxReplicas: Int32 = 0
    minReplicas: Int32 = 1
    scaleTargetRef: CrossVersionObjectReference = CrossVersionObjectReference()
    targetCPUUtilizationPercentage: Int32 | None = None


class HorizontalPodAutoscalerStatus(Part):
    currentCPUUtilizationPercentage: Int32 | None = None
    currentReplicas: Int32 = 0
    desiredReplicas: Int32 = 0
    lastScaleTime: Time = ""
    observedGeneration: Int64 = 0


def _targets(found: HorizontalPodAutoscaler) -> str:
    used = found.status.currentCPUUtilizationPercentage
    wanted = found.spec.targetCPUUtilizationPercentage
    return f"cpu: {UNKNOWN if used is None else f'{used}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"


def validate(new: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler | None) -> Iterator[FieldError]:
    yield from validate_scale(new.spec)
    percent = new.spec.targetCPUUtilizationPercentage
    if percent is not None and percent < 1:
        yield invalid("spec.targetCPUUtilizationPercentage", percent, "must be greater than 0")


@resource(
    "autoscaling/v1",
    "horizontalpodautoscalers",
    validate=validate,
    columns=(
        NAME,
        column(
            "Reference", lambda found: f"{found.spec.scaleTargetRef.kind}/{found.spec.scaleTargetRef.name}"
        ),
        column("Targets", _targets),
        column("MinPods", lambda found: or_unset(found.spec.minReplicas)),
        column("MaxPods", lambda found: found.spec.maxReplicas),
        column("Replicas", lambda found: found.status.currentReplicas),
        AGE,
    ),
    from_stored=from_stored,
    to_stored=to_stored,
)
class HorizontalPodAutoscaler(Object):
    spec: HorizontalPodAutoscalerSpec = HorizontalPodAutoscalerSpec()
    status: HorizontalPodAutoscalerStatus = HorizontalPodAutoscalerStatus()
