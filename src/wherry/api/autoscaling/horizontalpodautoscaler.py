"""HorizontalPodAutoscaler: scales a workload by what is measured."""

from __future__ import annotations

from typing import Annotated

from wherry.api.autoscaling.columns import targets
from wherry.api.autoscaling.validation import validate
from wherry.api.columns import AGE, NAME, column, or_unset
from wherry.api.registry import resource
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import (
    Atomic,
    Int32,
    Int64,
    ListMap,
    Merge,
    OneOf,
    Part,
    Quantity,
    Time,
    Tree,
    Written,
)


class MetricTarget(Part):
    averageUtilization: Int32 | None = None
    averageValue: Quantity = ""
    type: Annotated[str, OneOf("AverageValue", "Utilization", "Value")] = ""
    value: Quantity = ""


class ContainerResourceMetricSource(Part):
    container: str = ""
    name: str = ""
    target: MetricTarget = MetricTarget()


class MetricValueStatus(Part):
    averageUtilization: Int32 | None = None
    averageValue: Quantity = ""
    value: Quantity = ""


class ContainerResourceMetricStatus(Part):
    container: str = ""
    current: MetricValueStatus = MetricValueStatus()
    name: str = ""


class CrossVersionObjectReference(Part):
    apiVersion: str = ""
    kind: str = ""
    name: str = ""


class MetricIdentifier(Part):
    name: str = ""
    selector: LabelSelector | None = None


class ExternalMetricSource(Part):
    metric: MetricIdentifier = MetricIdentifier()
    target: MetricTarget = MetricTarget()


class ExternalMetricStatus(Part):
    current: MetricValueStatus = MetricValueStatus()
    metric: MetricIdentifier = MetricIdentifier()


class HPAScalingPolicy(Part):
    periodSeconds: Int32 = 0
    type: Annotated[str, OneOf("Percent", "Pods")] = ""
    value: Int32 = 0


class HPAScalingRules(Part):
    policies: Annotated[tuple[HPAScalingPolicy, ...], Atomic()] = ()
    selectPolicy: Annotated[str, OneOf("Disabled", "Max", "Min")] | None = None
    stabilizationWindowSeconds: Int32 | None = None
    tolerance: Quantity = ""


class HorizontalPodAutoscalerBehavior(Part):
    scaleDown: HPAScalingRules | None = None
    scaleUp: HPAScalingRules | None = None

    @staticmethod
    def complete(tree: Tree) -> None:
        """Up fast, down carefully: 300 seconds of looking back for the latter are the controller's business."""
        _complete_rules(tree.setdefault("scaleUp", {}), [("Pods", 4), ("Percent", 100)])
        tree["scaleUp"].setdefault("stabilizationWindowSeconds", 0)
        _complete_rules(tree.setdefault("scaleDown", {}), [("Percent", 100)])


def _complete_rules(rules: Tree, policies: list[tuple[str, int]]) -> None:
    if not rules.get("selectPolicy"):
        rules["selectPolicy"] = "Max"
    if not rules.get("policies"):
        rules["policies"] = [
            {"type": type, "value": value, "periodSeconds": POLICY_SECONDS} for type, value in policies
        ]


POLICY_SECONDS = 15
CPU_PERCENT = 80


class HorizontalPodAutoscalerCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    observedGeneration: Int64 | None = None
    reason: str = ""
    status: str = ""
    type: str = ""


class ObjectMetricSource(Part):
    describedObject: CrossVersionObjectReference = CrossVersionObjectReference()
    metric: MetricIdentifier = MetricIdentifier()
    target: MetricTarget = MetricTarget()


class PodsMetricSource(Part):
    metric: MetricIdentifier = MetricIdentifier()
    target: MetricTarget = MetricTarget()


class ResourceMetricSource(Part):
    name: str = ""
    target: MetricTarget = MetricTarget()


class MetricSpec(Part):
    containerResource: ContainerResourceMetricSource | None = None
    external: ExternalMetricSource | None = None
    object: ObjectMetricSource | None = None
    pods: PodsMetricSource | None = None
    resource: ResourceMetricSource | None = None
    type: Annotated[str, OneOf("ContainerResource", "External", "Object", "Pods", "Resource")] = ""


class HorizontalPodAutoscalerSpec(Part):
    behavior: HorizontalPodAutoscalerBehavior | None = None
    maxReplicas: Int32 = 0
    metrics: Annotated[tuple[MetricSpec, ...], Atomic()] = ()
    minReplicas: Int32 = 1
    scaleTargetRef: CrossVersionObjectReference = CrossVersionObjectReference()

    @staticmethod
    def complete(tree: Tree) -> None:
        if not tree.get("metrics"):
            tree["metrics"] = [cpu_metric(CPU_PERCENT)]


def cpu_metric(percent: int) -> Tree:
    return {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}},
    }


class ObjectMetricStatus(Part):
    current: MetricValueStatus = MetricValueStatus()
    describedObject: CrossVersionObjectReference = CrossVersionObjectReference()
    metric: MetricIdentifier = MetricIdentifier()


class PodsMetricStatus(Part):
    current: MetricValueStatus = MetricValueStatus()
    metric: MetricIdentifier = MetricIdentifier()


class ResourceMetricStatus(Part):
    current: MetricValueStatus = MetricValueStatus()
    name: str = ""


class MetricStatus(Part):
    containerResource: ContainerResourceMetricStatus | None = None
    external: ExternalMetricStatus | None = None
    object: ObjectMetricStatus | None = None
    pods: PodsMetricStatus | None = None
    resource: ResourceMetricStatus | None = None
    type: str = ""


class HorizontalPodAutoscalerStatus(Part):
    conditions: Annotated[
        tuple[HorizontalPodAutoscalerCondition, ...], ListMap("type"), Merge("merge", "type")
    ] = ()
    currentMetrics: Annotated[tuple[MetricStatus, ...], Atomic()] = ()
    currentReplicas: Int32 = 0
    desiredReplicas: Annotated[Int32, Written()] = 0
    lastScaleTime: Time = ""
    observedGeneration: Int64 = 0


@resource(
    "autoscaling/v2",
    "horizontalpodautoscalers",
    validate=validate,
    columns=(
        NAME,
        column(
            "Reference", lambda found: f"{found.spec.scaleTargetRef.kind}/{found.spec.scaleTargetRef.name}"
        ),
        column("Targets", targets),
        column("MinPods", lambda found: or_unset(found.spec.minReplicas)),
        column("MaxPods", lambda found: found.spec.maxReplicas),
        column("Replicas", lambda found: found.status.currentReplicas),
        AGE,
    ),
)
class HorizontalPodAutoscaler(Object):
    spec: HorizontalPodAutoscalerSpec = HorizontalPodAutoscalerSpec()
    status: HorizontalPodAutoscalerStatus = HorizontalPodAutoscalerStatus()
