"""Conversion of autoscaling/v1: what it has no field for stands in annotations, as JSON."""

from __future__ import annotations

import json
from typing import Any

from wherry.api.autoscaling.horizontalpodautoscaler import HorizontalPodAutoscalerSpec, cpu_metric
from wherry.machinery.schema import Tree

PREFIX = "autoscaling.alpha.kubernetes.io/"
METRICS, BEHAVIOR, CONDITIONS = f"{PREFIX}metrics", f"{PREFIX}behavior", f"{PREFIX}conditions"


def to_stored(tree: Tree) -> None:
    """autoscaling/v1 to v2."""
    spec = dict(tree.get("spec") or {})
    metadata = tree["metadata"]
    annotations = dict(metadata.get("annotations") or {})
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    metrics = [_metric_to_stored(metric) for metric in _taken(annotations, METRICS) or ()]
    if percent is not None:
        metrics.insert(0, cpu_metric(percent))
    if metrics:
        spec["metrics"] = metrics
    if behavior := _taken(annotations, BEHAVIOR):
        spec["behavior"] = behavior
    HorizontalPodAutoscalerSpec.complete(spec)
    tree["spec"] = spec
    status = dict(tree.get("status") or {})
    used = status.pop("currentCPUUtilizationPercentage", None)
    if used is not None:
        current = {"averageUtilization": used}
        status["currentMetrics"] = [{"type": "Resource", "resource": {"name": "cpu", "current": current}}]
    if conditions := _taken(annotations, CONDITIONS):
        status["conditions"] = conditions
    if status:
        tree["status"] = status
    _annotate(metadata, annotations)


def from_stored(tree: Tree) -> None:
    """autoscaling/v2 to v1."""
    spec = dict(tree.get("spec") or {})
    metadata = tree["metadata"]
    annotations = dict(metadata.get("annotations") or {})
    others = []
    for metric in spec.pop("metrics", None) or ():
        percent = _cpu_percent(metric)
        if percent is not None and "targetCPUUtilizationPercentage" not in spec:
            spec["targetCPUUtilizationPercentage"] = percent
        else:
            others.append(_metric_from_stored(metric))
    _put(annotations, METRICS, others)
    _put(annotations, BEHAVIOR, spec.pop("behavior", None))
    tree["spec"] = spec
    status = dict(tree.get("status") or {})
    for metric in status.pop("currentMetrics", None) or ():
        found = metric.get("resource") or {}
        used = (found.get("current") or {}).get("averageUtilization")
        if found.get("name") == "cpu" and used is not None:
            status["currentCPUUtilizationPercentage"] = used
    _put(annotations, CONDITIONS, status.pop("conditions", None))
    if status:
        tree["status"] = status
    _annotate(metadata, annotations)


def _taken(annotations: dict[str, str], key: str) -> Any:
    """The value of an annotation, which goes; None where it is missing or no JSON."""
    try:
        return json.loads(annotations.pop(key, "null"))
    except ValueError:
        return None


def _put(annotations: dict[str, str], key: str, value: Any) -> None:
    if value:
        annotations[key] = json.dumps(value, separators=(",", ":"))


def _annotate(metadata: Tree, annotations: dict[str, str]) -> None:
    if annotations:
        metadata["annotations"] = annotations
    else:
        metadata.pop("annotations", None)


def _cpu_percent(metric: Tree) -> int | None:
    found = metric.get("resource") or {}
    if metric.get("type") != "Resource" or found.get("name") != "cpu":
        return None
    percent: int | None = (found.get("target") or {}).get("averageUtilization")
    return percent


# Where autoscaling/v1 keeps a target's values.
_TARGETS = {
    "value": "targetValue",
    "averageValue": "targetAverageValue",
    "averageUtilization": "targetAverageUtilization",
}


def _field(type: str) -> str:
    return type[:1].lower() + type[1:]


def _metric_from_stored(metric: Tree) -> Tree:
    type = str(metric.get("type", ""))
    source = dict(metric.get(_field(type)) or {})
    target = source.pop("target", None) or {}
    identifier = source.pop("metric", None) or {}
    if described := source.pop("describedObject", None):
        source["target"] = described
    if identifier:
        source["metricName"] = identifier.get("name", "")
        if identifier.get("selector"):
            source["metricSelector" if type == "External" else "selector"] = identifier["selector"]
    for there, here in _TARGETS.items():
        if there in target:
            source["averageValue" if type == "Object" and there == "averageValue" else here] = target[there]
    return {"type": type, _field(type): source}


def _metric_to_stored(metric: Tree) -> Tree:
    type = str(metric.get("type", ""))
    source = dict(metric.get(_field(type)) or {})
    target = {there: source.pop(here) for there, here in _TARGETS.items() if here in source}
    if "averageValue" in source:
        target["averageValue"] = source.pop("averageValue")
    kinds = {"averageUtilization": "Utilization", "averageValue": "AverageValue", "value": "Value"}
    target["type"] = next((kind for field, kind in kinds.items() if field in target), "Value")
    if described := source.pop("target", None):
        source["describedObject"] = described
    if "metricName" in source:
        selector = source.pop("metricSelector", None) or source.pop("selector", None)
        source["metric"] = {"name": source.pop("metricName")}
        if selector:
            source["metric"]["selector"] = selector
    return {"type": type, _field(type): {**source, "target": target}}
