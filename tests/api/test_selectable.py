"""Field selectors: which fields each kind can be selected by, and what stands there."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from wherry.api.registry import all_resources, by_plural

FIELDS = {
    "pods": {
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName", "status.podIPs", "spec.host",
    },
    "nodes": {"spec.unschedulable"},
    "replicationcontrollers": {"status.replicas"},
    "events": {
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type",
    },
    "events.events.k8s.io": {
        "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion",
        "regarding.resourceVersion", "regarding.fieldPath", "reason", "reportingController", "type",
    },
    "namespaces": {"status.phase"},
    "secrets": {"type"},
    "services": {"spec.clusterIP", "spec.type"},
    "jobs.batch": {"status.successful"},
    "certificatesigningrequests.certificates.k8s.io": {"spec.signerName"},
    "clustertrustbundles.certificates.k8s.io": {"spec.signerName"},
    "podcertificaterequests.certificates.k8s.io": {"spec.signerName", "spec.podName", "spec.nodeName"},
    "resourceslices.resource.k8s.io": {"spec.nodeName", "spec.driver"},
}  # fmt: skip


def test_fields_are_upstreams() -> None:
    found = {
        row.qualified: set(row.strategy.selectable) for row in all_resources() if row.strategy.selectable
    }
    assert found == FIELDS


CASES: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("v1", "pods", {"spec": {"hostNetwork": True}}, "spec.hostNetwork", "true"),
    ("v1", "pods", {"status": {"podIPs": [{"ip": "10.0.0.1"}]}}, "status.podIP", "10.0.0.1"),
    ("v1", "pods", {"spec": {"nodeName": "n"}}, "spec.host", "n"),
    ("v1", "nodes", {}, "spec.unschedulable", "false"),
    ("v1", "events", {"reportingComponent": "x"}, "source", "x"),
    ("v1", "events", {"source": {"component": "y"}, "reportingComponent": "x"}, "source", "y"),
    ("batch/v1", "jobs", {"status": {"succeeded": 3}}, "status.successful", "3"),
]


@pytest.mark.parametrize(("version", "plural", "tree", "field", "value"), CASES)
def test_values(version: str, plural: str, tree: dict[str, Any], field: str, value: str) -> None:
    group, _, name = version.rpartition("/")
    resource = by_plural(group, name, plural)
    assert resource is not None
    assert resource.strategy.selectable[field](msgspec.convert(tree, resource.type)) == value


@pytest.mark.parametrize("row", all_resources(), ids=lambda row: f"{row.qualified}/{row.version}")
def test_every_field_of_an_empty_object_is_text(row: Any) -> None:
    group, version = row.stored if row.stored[1] else (row.group, row.version)
    stored = by_plural(group, version, row.plural)
    assert stored is not None
    for read in row.strategy.selectable.values():
        assert isinstance(read(stored.type()), str)
