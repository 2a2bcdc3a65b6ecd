"""HorizontalPodAutoscaler: scales a workload by what is measured."""

from __future__ import annotations

from wherry.api.registry import resource
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
    currentCPUUtilizationPercentage: Int32 = 0
    currentReplicas: Int32 = 0
    desiredReplicas: Int32 = 0
    lastScaleTime: Time = ""
    observedGeneration: Int64 = 0


@resource("autoscaling/v1", "horizontalpodautoscalers")
class HorizontalPodAutoscaler(Object):
    spec: HorizontalPodAutoscalerSpec = HorizontalPodAutoscalerSpec()
    status: HorizontalPodAutoscalerStatus = HorizontalPodAutoscalerStatus()
