"""Nodes that are heard of, and those that are not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from wherry.api.coordination.lease import Lease
from wherry.api.core.affinity import Taint
from wherry.api.core.node import Node, NodeCondition, NodeSpec, NodeStatus
from wherry.api.core.pod import Pod, PodSpec
from wherry.api.core.podstatus import PodCondition, PodStatus
from wherry.controllers.contract import (
    CONTROLLERS,
    Action,
    Patch,
    RequeueAfter,
    Update,
    UpdateStatus,
    played,
)
from wherry.controllers.nodelifecycle import NOT_READY, UNREACHABLE, reconcile
from wherry.controllers.snapshot import NOW, Snapshot
from wherry.machinery.meta import Object, ObjectMeta
from wherry.machinery.times import format_seconds

INDICES = CONTROLLERS["node-lifecycle-controller"].indices


def node(name: str = "n1", ready: str = "True", *taints: Taint, zone: str = "a", **conditions: str) -> Node:
    found = {"Ready": ready, **conditions} if ready else conditions
    return Node(
        metadata=ObjectMeta(
            name=name,
            creationTimestamp="2025-12-31T00:00:00Z",
            labels={"topology.kubernetes.io/zone": zone},
        ),
        spec=NodeSpec(taints=taints),
        status=NodeStatus(
            conditions=tuple(NodeCondition(type=type_, status=status) for type_, status in found.items())
        ),
    )


def no_execute(key: str = UNREACHABLE, ago: int = 0) -> Taint:
    return Taint(key=key, effect="NoExecute", timeAdded=format_seconds(NOW - timedelta(seconds=ago)))


def look(about: Node, *others: Object, silent: int = 0, lease: int | None = None) -> list[Action]:
    changed = {f"Node/{about.metadata.name}": NOW - timedelta(seconds=silent)}
    objects: list[Object] = [about, *others]
    if lease is not None:
        name = about.metadata.name
        changed[f"Lease/{name}"] = NOW - timedelta(seconds=lease)
        objects.append(Lease(metadata=ObjectMeta(name=name, namespace="kube-node-lease")))
    return played(reconcile(about, Snapshot(about, objects, indices=INDICES, changed=changed)))


def tainted(actions: list[Action]) -> set[tuple[str, str]]:
    (update,) = [action for action in actions if isinstance(action, Update)]
    assert isinstance(update.object, Node)
    return {(taint.key, taint.effect) for taint in update.object.spec.taints}


def test_a_node_that_is_alive_is_looked_at_when_it_would_be_lost() -> None:
    assert look(node(), silent=20) == [RequeueAfter(timedelta(seconds=30))]
    assert look(node(), silent=200, lease=5) == [RequeueAfter(timedelta(seconds=45))]


def test_a_silent_node_is_unknown_in_all_respects() -> None:
    actions = look(node(MemoryPressure="False"), silent=50, lease=50)
    (update,) = [action for action in actions if isinstance(action, UpdateStatus)]
    assert isinstance(update.object, Node)
    reasons = {each.type: (each.status, each.reason) for each in update.object.status.conditions}
    assert reasons == {
        "Ready": ("Unknown", "NodeStatusUnknown"),
        "MemoryPressure": ("Unknown", "NodeStatusUnknown"),
        "DiskPressure": ("Unknown", "NodeStatusNeverUpdated"),
        "PIDPressure": ("Unknown", "NodeStatusNeverUpdated"),
    }


def test_a_new_node_has_a_minute_to_say_something() -> None:
    assert look(node(ready=""), silent=50) == [RequeueAfter(timedelta(seconds=10))]


@pytest.mark.parametrize(
    ("conditions", "key"),
    [
        ({"MemoryPressure": "True"}, "node.kubernetes.io/memory-pressure"),
        ({"DiskPressure": "True"}, "node.kubernetes.io/disk-pressure"),
        ({"PIDPressure": "True"}, "node.kubernetes.io/pid-pressure"),
        ({"NetworkUnavailable": "True"}, "node.kubernetes.io/network-unavailable"),
    ],
)
def test_troubles_are_taints(conditions: dict[str, str], key: str) -> None:
    assert tainted(look(node("n1", "True", **conditions))) == {(key, "NoSchedule")}


def test_a_node_that_is_not_ready_loses_its_pods() -> None:
    actions = look(node(ready="False"), node("n2"), node("n3"))
    assert tainted(actions) == {(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")}


def test_the_taint_follows_the_reason() -> None:
    lost = node("n1", "Unknown", Taint(key=NOT_READY, effect="NoSchedule"), no_execute(NOT_READY))
    assert tainted(look(lost, node("n2"))) == {(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")}


def test_a_node_that_is_back_has_no_taints_but_those_of_others() -> None:
    own = Taint(key="mine", effect="NoExecute")
    back = node("n1", "True", own, Taint(key=UNREACHABLE, effect="NoSchedule"), no_execute())
    assert tainted(look(back)) == {("mine", "NoExecute")}


def test_one_node_in_ten_seconds_and_zone_begins_to_lose_its_pods() -> None:
    others = [node("n2", "False", no_execute(NOT_READY, ago=4)), *(node(f"m{i}") for i in range(5))]
    actions = look(node(ready="False"), *others)
    assert tainted(actions) == {(NOT_READY, "NoSchedule")}
    assert RequeueAfter(timedelta(seconds=6)) in actions


def test_where_all_nodes_are_lost_nobody_is_evicted() -> None:
    others = [node(f"n{i}", "Unknown") for i in range(2, 5)]
    assert tainted(look(node(ready="Unknown"), *others)) == {(UNREACHABLE, "NoSchedule")}


def test_a_lost_zone_is_emptied_if_others_live() -> None:
    others = [node("n2", "Unknown"), node("n3", zone="b")]
    assert (UNREACHABLE, "NoExecute") in tainted(look(node(ready="Unknown"), *others))


def test_small_zones_that_are_mostly_lost_are_left_alone() -> None:
    others = [*(node(f"n{i}", "Unknown") for i in range(2, 5)), node("alive")]
    assert tainted(look(node(ready="Unknown"), *others)) == {(UNREACHABLE, "NoSchedule")}


def test_its_pods_are_not_ready_either() -> None:
    condition = PodCondition(type="Ready", status="True", lastTransitionTime="2025-01-01T00:00:00Z")
    meta = ObjectMeta(name="p", namespace="default", uid="p")
    pod = Pod(metadata=meta, spec=PodSpec(nodeName="n1"), status=PodStatus(conditions=(condition,)))
    actions = look(node(ready="False"), pod)
    (patch,) = [action for action in actions if isinstance(action, Patch)]
    (written,) = patch.body["status"]["conditions"]
    assert (written["type"], written["status"]) == ("Ready", "False")
    assert written["lastTransitionTime"] == format_seconds(NOW)


def test_cordoned_nodes_are_tainted() -> None:
    cordoned = node()
    cordoned = Node(metadata=cordoned.metadata, spec=NodeSpec(unschedulable=True), status=cordoned.status)
    assert tainted(look(cordoned)) == {("node.kubernetes.io/unschedulable", "NoSchedule")}
