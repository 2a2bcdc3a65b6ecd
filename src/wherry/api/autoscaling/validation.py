"""HorizontalPodAutoscaler validation: what an autoscaler may say, in both versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wherry.api.autoscaling.columns import FIELDS
from wherry.machinery import quantity
from wherry.machinery.errors import FieldError, forbidden, invalid, required
from wherry.machinery.labels import validate_label_selector
from wherry.machinery.names import check_path_segment

if TYPE_CHECKING:
    from wherry.api.autoscaling.horizontalpodautoscaler import (
        HorizontalPodAutoscalerSpec,
        HPAScalingRules,
        MetricSpec,
        MetricTarget,
    )

LONGEST_PERIOD, LONGEST_WINDOW = 1800, 3600
TO_ZERO = "must specify at least one Object or External metric to support scaling to zero replicas"


def validate_scale(spec: Any) -> Iterator[FieldError]:
    """What both versions have: the object that is scaled, and the bounds."""
    for field in ("kind", "name"):
        value = getattr(spec.scaleTargetRef, field)
        if not value:
            yield required(f"spec.scaleTargetRef.{field}")
        else:
            for problem in check_path_segment(value):
                yield invalid(f"spec.scaleTargetRef.{field}", value, problem)
    if spec.minReplicas < 0:
        yield invalid("spec.minReplicas", spec.minReplicas, "must be greater than or equal to 0")
    if spec.maxReplicas < 1:
        yield required("spec.maxReplicas", "must be set and greater than 0")
    elif spec.maxReplicas < spec.minReplicas:
        detail = "must be greater than or equal to `minReplicas`"
        yield invalid("spec.maxReplicas", spec.maxReplicas, detail)


def validate(new: Any, old: Any) -> Iterator[FieldError]:
    spec: HorizontalPodAutoscalerSpec = new.spec
    if old is not None and spec == old.spec:
        return
    yield from validate_scale(spec)
    for index, metric in enumerate(spec.metrics):
        yield from _validate_metric(metric, f"spec.metrics[{index}]")
    if spec.minReplicas == 0 and not any(metric.type in ("Object", "External") for metric in spec.metrics):
        yield forbidden("spec.metrics", TO_ZERO)
    if spec.behavior is not None:
        for name, rules in (("scaleUp", spec.behavior.scaleUp), ("scaleDown", spec.behavior.scaleDown)):
            if rules is not None:
                yield from _validate_rules(rules, f"spec.behavior.{name}")


def _validate_metric(metric: MetricSpec, path: str) -> Iterator[FieldError]:
    if not metric.type:
        yield required(f"{path}.type", "must specify a metric source type")
        return
    field = FIELDS.get(metric.type)
    if field is None:
        return
    source: Any = getattr(metric, field)
    if source is None:
        yield required(f"{path}.{field}", "must populate information for the given metric source")
        return
    for other in FIELDS.values():
        if other != field and getattr(metric, other) is not None:
            yield forbidden(f"{path}.{other}", "must populate the given metric source only")
    where = f"{path}.{field}"
    if field in ("resource", "containerResource"):
        if not source.name:
            yield required(f"{where}.name", "must specify a resource name")
        if field == "containerResource" and not source.container:
            yield required(f"{where}.container", "must specify a container")
        yield from _validate_resource_target(source.target, where)
        return
    if not source.metric.name:
        yield required(f"{where}.metric.name", "must specify a metric name")
    yield from validate_label_selector(source.metric.selector, f"{where}.metric.selector")
    yield from _validate_target(source.target, where, average_only=field == "pods")


def _validate_amounts(target: MetricTarget, path: str) -> Iterator[FieldError]:
    for field in ("value", "averageValue"):
        text = getattr(target, field)
        if text and quantity.parse(text).nanos <= 0:
            yield invalid(f"{path}.target.{field}", text, "must be positive")
    if target.averageUtilization is not None and target.averageUtilization < 1:
        detail = "must be greater than 0"
        yield invalid(f"{path}.target.averageUtilization", target.averageUtilization, detail)


def _validate_resource_target(target: MetricTarget, path: str) -> Iterator[FieldError]:
    if not target.type:
        yield required(f"{path}.target.type", "must specify a metric target type")
    yield from _validate_amounts(target, path)
    if target.averageUtilization is None and not target.averageValue:
        detail = "must set either a target raw value or a target utilization"
        yield required(f"{path}.target.averageUtilization", detail)
    elif target.averageUtilization is not None and target.averageValue:
        detail = "may not set both a target raw value and a target utilization"
        yield forbidden(f"{path}.target.averageValue", detail)


def _validate_target(target: MetricTarget, path: str, *, average_only: bool) -> Iterator[FieldError]:
    if not target.type:
        yield required(f"{path}.target.type", "must specify a metric target type")
    yield from _validate_amounts(target, path)
    if average_only:
        if not target.averageValue:
            yield required(f"{path}.target.averageValue", "must specify a positive target averageValue")
    elif not target.value and not target.averageValue:
        detail = "must set either a target value for metric or a per-pod target"
        yield required(f"{path}.target.averageValue", detail)


def _validate_rules(rules: HPAScalingRules, path: str) -> Iterator[FieldError]:
    window = rules.stabilizationWindowSeconds
    if window is not None and window < 0:
        yield invalid(f"{path}.stabilizationWindowSeconds", window, "must be greater than or equal to zero")
    elif window is not None and window > LONGEST_WINDOW:
        detail = f"must be less than or equal to {LONGEST_WINDOW}"
        yield invalid(f"{path}.stabilizationWindowSeconds", window, detail)
    if not rules.policies:
        yield required(f"{path}.policies", "must specify at least one Policy")
    for index, policy in enumerate(rules.policies):
        where = f"{path}.policies[{index}]"
        if policy.value <= 0:
            yield invalid(f"{where}.value", policy.value, "must be greater than zero")
        if policy.periodSeconds <= 0:
            yield invalid(f"{where}.periodSeconds", policy.periodSeconds, "must be greater than zero")
        elif policy.periodSeconds > LONGEST_PERIOD:
            detail = f"must be less than or equal to {LONGEST_PERIOD}"
            yield invalid(f"{where}.periodSeconds", policy.periodSeconds, detail)
    if rules.tolerance and quantity.parse(rules.tolerance).nanos < 0:
        yield invalid(f"{path}.tolerance", rules.tolerance, "must be greater than or equal to 0")
