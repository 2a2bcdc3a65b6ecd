"""Tables: which columns each kind has, and what stands in the cells of typical objects."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wherry.api.registry import all_resources, by_plural

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CREATED = "2026-01-01T11:55:00Z"
TABLE = Path(__file__).with_name("columns.tsv")


def table() -> dict[str, list[tuple[str, str, str, int]]]:
    found: dict[str, list[tuple[str, str, str, int]]] = {}
    for line in TABLE.read_text().splitlines()[1:]:
        kind, name, type, format, priority = line.split("\t")
        found.setdefault(kind, []).append((name, type, format.replace("-", ""), int(priority)))
    return found


@pytest.mark.parametrize("kind", table())
def test_columns_are_those_of_the_table(kind: str) -> None:
    rows = [row for row in all_resources() if row.kind == kind]
    assert rows
    for row in rows:
        columns = [(each.name, each.type, each.format, each.priority) for each in row.strategy.columns]
        assert columns == table()[kind]


TEMPLATE = {"spec": {"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:2"}]}}
SELECTOR = {"matchLabels": {"app": "web"}}
CASES: list[tuple[str, str, dict[str, Any], list[Any]]] = [
    (
        "apps/v1",
        "deployments",
        {
            "spec": {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE},
            "status": {"readyReplicas": 2, "updatedReplicas": 1, "availableReplicas": 2},
        },
        ["o", "2/3", 1, 2, "5m", "a,b", "x:1,y:2", "app=web"],
    ),
    (
        "apps/v1",
        "replicasets",
        {"spec": {"replicas": 3, "template": TEMPLATE}, "status": {"replicas": 2, "readyReplicas": 1}},
        ["o", 3, 2, 1, "5m", "a,b", "x:1,y:2", "<none>"],
    ),
    ("apps/v1", "statefulsets", {"status": {"readyReplicas": 1}}, ["o", "1/1", "5m", "", ""]),
    (
        "apps/v1",
        "daemonsets",
        {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}},
        ["o", 0, 0, 0, 0, 0, "a=b", "5m", "", "", "<none>"],
    ),
    (
        "batch/v1",
        "jobs",
        {
            "spec": {"completions": 3},
            "status": {"succeeded": 1, "startTime": "2026-01-01T11:59:00Z"},
        },
        ["o", "Running", "1/3", "60s", "5m", "", "", "<none>"],
    ),
    (
        "batch/v1",
        "cronjobs",
        {"spec": {"schedule": "@daily"}, "status": {"lastScheduleTime": CREATED}},
        ["o", "@daily", "<none>", "False", 0, "5m", "5m", "", "", "<none>"],
    ),
    (
        "v1",
        "services",
        {
            "spec": {
                "clusterIPs": ["10.0.0.1"],
                "ports": [{"port": 80}, {"port": 53, "nodePort": 30053, "protocol": "UDP"}],
                "selector": {"b": "2", "a": "1"},
            }
        },
        ["o", "ClusterIP", "10.0.0.1", "<none>", "80/TCP,53:30053/UDP", "5m", "a=1,b=2"],
    ),
    (
        "v1",
        "services",
        {"spec": {"type": "LoadBalancer"}},
        ["o", "LoadBalancer", "<none>", "<pending>", "<none>", "5m", "<none>"],
    ),
    (
        "v1",
        "nodes",
        {
            "metadata": {"labels": {"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "a"}},
            "spec": {"unschedulable": True},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "addresses": [{"type": "InternalIP", "address": "10.1.1.1"}],
                "nodeInfo": {"kubeletVersion": "v1", "kernelVersion": "6.1", "architecture": "amd64"},
            },
        },
        [
            *("o", "Ready,SchedulingDisabled", "a,control-plane", "5m", "v1"),
            *("10.1.1.1", "<none>", "<unknown>", "6.1 (amd64)", "<unknown>"),
        ],
    ),
    ("v1", "namespaces", {}, ["o", "Active", "5m"]),
    (
        "v1",
        "events",
        {
            "type": "Normal",
            "reason": "Started",
            "message": "hello\n",
            "involvedObject": {"kind": "Pod", "name": "p"},
            "source": {"component": "kubelet", "host": "n1"},
            "firstTimestamp": "2026-01-01T11:00:00Z",
            "lastTimestamp": CREATED,
            "count": 4,
        },
        ["5m", "Normal", "Started", "pod/p", "", "kubelet, n1", "hello", "60m", "4", "o"],
    ),
    (
        "v1",
        "persistentvolumeclaims",
        {
            "spec": {"volumeName": "v", "storageClassName": "fast"},
            "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]},
        },
        ["o", "Bound", "v", "1Gi", "RWO", "fast", "<unset>", "5m", "Filesystem"],
    ),
    (
        "v1",
        "resourcequotas",
        {"status": {"hard": {"pods": "3", "limits.cpu": "1"}, "used": {"pods": "1"}}},
        ["o", "pods: 1/3", "limits.cpu: 0/1", "5m"],
    ),
    ("v1", "secrets", {"data": {"a": "", "b": ""}}, ["o", "Opaque", 2, "5m"]),
    (
        "v1",
        "endpoints",
        {"subsets": [{"addresses": [{"ip": f"10.0.0.{i}"} for i in range(5)], "ports": [{"port": 80}]}]},
        ["o", "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more...", "5m"],
    ),
    (
        "autoscaling/v2",
        "horizontalpodautoscalers",
        {
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "maxReplicas": 5,
                "metrics": [
                    {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}
                ],
            }
        },
        ["o", "Deployment/web", "cpu: <unknown>/80%", "1", 5, 0, "5m"],
    ),
    (
        "networking.k8s.io/v1",
        "ingresses",
        {"spec": {"rules": [{"host": "a.b"}], "tls": [{}]}},
        ["o", "<none>", "a.b", "", "80, 443", "5m"],
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "rolebindings",
        {
            "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [
                {"kind": "User", "name": "u"},
                {"kind": "ServiceAccount", "name": "s", "namespace": "n"},
            ],
        },
        ["o", "Role/r", "5m", "u", "", "n/s"],
    ),
    (
        "discovery.k8s.io/v1",
        "endpointslices",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["1.2.3.4"]}], "ports": [{"port": 80}]},
        ["o", "IPv4", "80", "1.2.3.4", "5m"],
    ),
    (
        "storage.k8s.io/v1",
        "storageclasses",
        {
            "metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "p",
        },
        ["o (default)", "p", "Delete", "Immediate", "false", "5m"],
    ),
]


@pytest.mark.parametrize(("version", "plural", "tree", "cells"), CASES, ids=lambda value: str(value)[:24])
def test_cells(version: str, plural: str, tree: dict[str, Any], cells: list[Any]) -> None:
    group, _, name = version.rpartition("/")
    resource = by_plural(group, name, plural)
    assert resource is not None
    metadata = {"name": "o", "creationTimestamp": CREATED, **tree.get("metadata", {})}
    found = msgspec.convert({**tree, "metadata": metadata}, resource.type)
    assert [column.cell(found, NOW) for column in resource.strategy.columns] == cells


@pytest.mark.parametrize("row", all_resources(), ids=lambda row: f"{row.qualified}/{row.version}")
def test_every_column_has_a_cell_for_an_empty_object(row: Any) -> None:
    found = row.type()
    for column in row.strategy.columns:
        assert isinstance(column.cell(found, NOW), str | int | bool)
