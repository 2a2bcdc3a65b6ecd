"""What a new object gets that its author cannot say, and what updates leave alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from wherry.api.registry import by_plural
from wherry.machinery.schema import Tree


def prepared(version: str, plural: str, tree: Tree, old: Tree | None = None) -> Tree:
    group, _, name = version.rpartition("/")
    resource = by_plural(group, name, plural)
    assert resource is not None
    assert resource.strategy.prepare is not None
    new = copy.deepcopy(tree)
    new.setdefault("metadata", {"name": "o", "uid": "u-1", "creationTimestamp": "2026-01-01T00:00:00Z"})
    resource.strategy.prepare(new, old)
    return new


def pod(**resources: Any) -> Tree:
    return {"spec": {"containers": [{"name": "c", "resources": resources}]}}


FULL = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("tree", "qos"),
    [
        (pod(), "BestEffort"),
        (pod(requests={"cpu": "0"}), "BestEffort"),
        (pod(requests={"ephemeral-storage": "1Gi"}), "BestEffort"),
        (pod(requests={"cpu": "1"}), "Burstable"),
        (pod(limits=FULL, requests={"cpu": "500m", "memory": "1Gi"}), "Burstable"),
        (pod(limits=FULL, requests={"cpu": "1000m", "memory": "1024Mi"}), "Guaranteed"),
        (pod(limits=FULL), "Guaranteed"),
        ({"spec": {"containers": [{"name": "c"}], "resources": {"limits": FULL}}}, "Guaranteed"),
        (
            {"spec": {"containers": [{"name": "c", "resources": {"limits": FULL}}, {"name": "d"}]}},
            "Burstable",
        ),
    ],
)
def test_a_new_pod_is_pending_and_has_its_quality_of_service(tree: Tree, qos: str) -> None:
    tree["status"] = {"phase": "Running"}
    assert prepared("v1", "pods", tree)["status"] == {"phase": "Pending", "qosClass": qos}


def test_a_gated_pod_says_why_it_waits() -> None:
    tree = pod()
    tree["spec"]["schedulingGates"] = [{"name": "a"}]
    (condition,) = prepared("v1", "pods", tree)["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == (
        "PodScheduled",
        "False",
        "SchedulingGated",
    )


def test_label_keys_to_match_become_requirements_with_the_pods_own_values() -> None:
    tree = pod()
    tree["metadata"] = {"labels": {"rev": "7"}}
    term = {"matchLabelKeys": ["rev", "missing"], "labelSelector": {}, "topologyKey": "zone"}
    tree["spec"]["affinity"] = {
        "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]},
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"podAffinityTerm": {"mismatchLabelKeys": ["rev"], "labelSelector": {}}}
            ]
        },
    }
    tree["spec"]["topologySpreadConstraints"] = [{"matchLabelKeys": ["rev"]}]
    spec = prepared("v1", "pods", tree)["spec"]
    affinity = spec["affinity"]
    required = affinity["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
    assert required["labelSelector"]["matchExpressions"] == [
        {"key": "rev", "operator": "In", "values": ["7"]}
    ]
    preferred = affinity["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]
    expressions = preferred["podAffinityTerm"]["labelSelector"]["matchExpressions"]
    assert expressions == [{"key": "rev", "operator": "NotIn", "values": ["7"]}]
    assert "labelSelector" not in spec["topologySpreadConstraints"][0]


def test_an_update_of_a_pod_keeps_its_status() -> None:
    assert prepared("v1", "pods", pod(), pod()) == {
        **pod(),
        "metadata": prepared("v1", "pods", pod())["metadata"],
    }


def test_a_job_selects_its_pods_by_its_uid() -> None:
    spec = prepared("batch/v1", "jobs", {"spec": {"template": {}}})["spec"]
    assert spec["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}}
    assert spec["template"]["metadata"]["labels"] == {
        "batch.kubernetes.io/controller-uid": "u-1",
        "controller-uid": "u-1",
        "batch.kubernetes.io/job-name": "o",
        "job-name": "o",
    }


def test_a_job_with_a_selector_of_its_own_is_left_alone() -> None:
    spec = {"manualSelector": True, "template": {}}
    assert prepared("batch/v1", "jobs", {"spec": spec})["spec"] == spec


def test_a_namespace_is_held_by_its_finalizer_which_updates_do_not_touch() -> None:
    made = prepared("v1", "namespaces", {})
    assert made["spec"] == {"finalizers": ["kubernetes"]}
    assert made["status"] == {"phase": "Active"}
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "o"}
    assert prepared("v1", "namespaces", {"spec": {"finalizers": []}}, made)["spec"] == made["spec"]


def test_a_claim_says_its_source_in_both_fields() -> None:
    source = {"kind": "PersistentVolumeClaim", "name": "a"}
    made = prepared("v1", "persistentvolumeclaims", {"spec": {"dataSource": source}})
    assert made["spec"]["dataSourceRef"] == source
    made = prepared("v1", "persistentvolumeclaims", {"spec": {"dataSourceRef": source}})
    assert made["spec"]["dataSource"] == source
    far = {**source, "namespace": "b"}
    assert (
        "dataSource" not in prepared("v1", "persistentvolumeclaims", {"spec": {"dataSourceRef": far}})["spec"]
    )
    assert made["status"] == {"phase": "Pending"}


def test_a_volume_is_pending_since_it_was_made() -> None:
    status = prepared("v1", "persistentvolumes", {})["status"]
    assert status == {"phase": "Pending", "lastPhaseTransitionTime": "2026-01-01T00:00:00Z"}


def test_a_daemonset_counts_its_templates() -> None:
    key = "deprecated.daemonset.template.generation"
    first = prepared("apps/v1", "daemonsets", {"spec": {"template": {"a": 1}}})
    assert first["metadata"]["annotations"][key] == "1"
    same = prepared("apps/v1", "daemonsets", first, first)
    assert same["metadata"]["annotations"][key] == "1"
    changed = prepared("apps/v1", "daemonsets", {**first, "spec": {"template": {"a": 2}}}, first)
    assert changed["metadata"]["annotations"][key] == "2"


def test_a_definition_remembers_each_version_that_objects_were_stored_in() -> None:
    def versions(storage: str) -> Tree:
        return {"spec": {"versions": [{"name": name, "storage": name == storage} for name in ("v1", "v2")]}}

    first = prepared("apiextensions.k8s.io/v1", "customresourcedefinitions", versions("v1"))
    assert first["status"]["storedVersions"] == ["v1"]
    second = prepared(
        "apiextensions.k8s.io/v1",
        "customresourcedefinitions",
        {**versions("v2"), "status": first["status"], "metadata": {}},
        first,
    )
    assert second["status"]["storedVersions"] == ["v1", "v2"]


def test_what_a_certificate_is_asked_for_never_changes() -> None:
    old = {"spec": {"request": "a"}}
    group = "certificates.k8s.io/v1"
    assert (
        prepared(group, "certificatesigningrequests", {"spec": {"request": "b"}}, old)["spec"] == old["spec"]
    )


@pytest.mark.parametrize(("version", "plural"), [("v1", "services"), ("networking.k8s.io/v1", "ingresses")])
def test_nothing_new_has_a_load_balancer_yet(version: str, plural: str) -> None:
    assert prepared(version, plural, {"status": {"x": 1}})["status"] == {"loadBalancer": {}}
    assert prepared(version, plural, {"status": {"x": 1}}, {})["status"] == {"x": 1}


def test_a_taint_without_a_time_was_added_when_its_rule_was() -> None:
    made = prepared("resource.k8s.io/v1", "devicetaintrules", {"spec": {"taint": {"key": "a"}}})
    assert made["spec"]["taint"]["timeAdded"] == "2026-01-01T00:00:00Z"
