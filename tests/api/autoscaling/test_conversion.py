"""autoscaling/v1 is kept as v2, and comes back as it went."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from wherry.api.autoscaling.conversion import CONDITIONS, METRICS, from_stored, to_stored

CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}
METRIC = {"name": "rps", "selector": {"matchLabels": {"a": "b"}}}
OTHERS: list[dict[str, Any]] = [
    {"type": "Pods", "pods": {"metric": METRIC, "target": {"type": "AverageValue", "averageValue": "5"}}},
    {"type": "External", "external": {"metric": METRIC, "target": {"type": "Value", "value": "9"}}},
    {
        "type": "Object",
        "object": {
            "describedObject": {"kind": "Service", "name": "s"},
            "metric": {"name": "rps"},
            "target": {"type": "AverageValue", "averageValue": "5"},
        },
    },
    {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
    },
    {
        "type": "ContainerResource",
        "containerResource": {
            "name": "cpu",
            "container": "c",
            "target": {"type": "Utilization", "averageUtilization": 1},
        },
    },
]


def test_the_cpu_target_has_a_field_of_its_own() -> None:
    tree: dict[str, Any] = {"metadata": {}, "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50}}
    stored = copy.deepcopy(tree)
    to_stored(stored)
    assert stored["spec"] == {"maxReplicas": 3, "metrics": [CPU]}
    from_stored(stored)
    assert stored == tree


def test_without_a_target_the_default_is_stored() -> None:
    tree: dict[str, Any] = {"metadata": {}, "spec": {}}
    to_stored(tree)
    assert tree["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 80


@pytest.mark.parametrize("metric", OTHERS, ids=lambda metric: metric["type"])
def test_other_metrics_and_behavior_come_back_from_annotations(metric: dict[str, Any]) -> None:
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 5}}
    stored: dict[str, Any] = {
        "metadata": {"annotations": {"mine": "x"}},
        "spec": {"metrics": [CPU, metric], "behavior": behavior},
        "status": {"conditions": [{"type": "AbleToScale", "status": "True"}]},
    }
    seen = copy.deepcopy(stored)
    from_stored(seen)
    assert METRICS in seen["metadata"]["annotations"]
    assert CONDITIONS in seen["metadata"]["annotations"]
    assert "metrics" not in seen["spec"]
    to_stored(seen)
    assert seen == stored


def test_measured_cpu_use() -> None:
    tree: dict[str, Any] = {
        "metadata": {},
        "spec": {},
        "status": {"currentReplicas": 2, "currentCPUUtilizationPercentage": 33},
    }
    to_stored(tree)
    assert tree["status"]["currentMetrics"][0]["resource"]["current"] == {"averageUtilization": 33}
    from_stored(tree)
    assert tree["status"] == {"currentReplicas": 2, "currentCPUUtilizationPercentage": 33}


def test_an_annotation_that_is_no_json_is_dropped() -> None:
    tree: dict[str, Any] = {"metadata": {"annotations": {METRICS: "{"}}, "spec": {}}
    to_stored(tree)
    assert "annotations" not in tree["metadata"]
