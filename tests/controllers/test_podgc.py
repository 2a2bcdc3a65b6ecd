"""Pods that nobody else would remove."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from wherry.api.core.affinity import Taint
from wherry.api.core.node import Node, NodeSpec
from wherry.api.core.pod import Pod, PodSpec
from wherry.api.core.podstatus import PodStatus
from wherry.controllers import podgc
from wherry.controllers.contract import CONTROLLERS, Delete, Patch, RequeueAfter, played
from wherry.controllers.snapshot import NOW, Snapshot
from wherry.machinery.meta import Object, ObjectMeta

INDICES = CONTROLLERS["pod-garbage-collector-controller"].indices
GOING = "2026-01-01T00:00:00Z"


def pod(name: str, node: str = "n1", phase: str = "Running", reason: str = "", **metadata: Any) -> Pod:
    return Pod(
        metadata=ObjectMeta(name=name, uid=name, namespace="default", **metadata),
        spec=PodSpec(nodeName=node),
        status=PodStatus(phase=phase, reason=reason),
    )


def seen(*objects: Object, gone_for: int = 0) -> Snapshot:
    return Snapshot(None, objects, indices=INDICES, gone_since=NOW - timedelta(seconds=gone_for))


def test_pods_of_a_lost_node_wait_out_the_quarantine() -> None:
    actions = played(podgc.gone(("", "n1"), seen(pod("a"), gone_for=10)))
    assert actions == [RequeueAfter(timedelta(seconds=30))]


def test_then_they_fail_and_are_deleted_at_once() -> None:
    patch, delete = played(podgc.gone(("", "n1"), seen(pod("a"), pod("b", node="n2"), gone_for=40)))
    assert isinstance(patch, Patch)
    status = patch.body["status"]
    assert status["phase"] == "Failed"
    assert status["conditions"][0]["reason"] == "DeletionByPodGC"
    assert status["conditions"][0]["message"] == "PodGC: node no longer exists"
    assert isinstance(delete, Delete)
    assert (delete.object.metadata.name, delete.grace) == ("a", 0)


def test_unscheduled_pods_that_are_going_are_deleted_at_once() -> None:
    actions = played(
        podgc.gone(podgc.NO_NODE, seen(pod("a", node="", deletionTimestamp=GOING), pod("b", node="")))
    )
    assert [action.object.metadata.name for action in actions if isinstance(action, Delete)] == ["a"]


def test_finished_pods_beyond_the_threshold_go_evicted_and_oldest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(podgc, "THRESHOLD", 2)
    pods = [
        pod("new", phase="Succeeded", creationTimestamp="2026-01-03T00:00:00Z"),
        pod("old", phase="Succeeded", creationTimestamp="2026-01-01T00:00:00Z"),
        pod("evicted", phase="Failed", reason="Evicted", creationTimestamp="2026-01-04T00:00:00Z"),
        pod("middle", phase="Failed", creationTimestamp="2026-01-02T00:00:00Z"),
        pod("running"),
    ]
    actions = played(podgc.gone(podgc.NO_NODE, seen(*pods)))
    assert [action.object.metadata.name for action in actions if isinstance(action, Delete)] == [
        "evicted",
        "old",
    ]


def test_a_node_that_is_out_of_service_lets_go_of_pods_that_are_going() -> None:
    taint = Taint(key="node.kubernetes.io/out-of-service", effect="NoExecute")
    node = Node(metadata=ObjectMeta(name="n1"), spec=NodeSpec(taints=(taint,)))
    actions = played(podgc.reconcile(node, seen(node, pod("a", deletionTimestamp=GOING), pod("stays"))))
    assert [action.object.metadata.name for action in actions if isinstance(action, Delete)] == ["a"]


def test_pods_concern_their_node_only_when_something_is_to_be_done() -> None:
    node = Node(metadata=ObjectMeta(name="n1"))
    assert list(podgc.nodes_of(pod("a"), seen(node))) == []
    assert list(podgc.nodes_of(pod("a", node="lost"), seen(node))) == [("", "lost")]
    assert list(podgc.nodes_of(pod("a", phase="Failed"), seen(node))) == [("", "")]
