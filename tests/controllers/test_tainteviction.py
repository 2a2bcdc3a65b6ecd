"""Pods leave nodes whose taints they do not tolerate."""

from __future__ import annotations

from datetime import timedelta

from wherry.api.core.affinity import Taint, Toleration
from wherry.api.core.node import Node, NodeSpec
from wherry.api.core.pod import Pod, PodSpec
from wherry.controllers.contract import CONTROLLERS, Action, Delete, Emit, Patch, RequeueAfter, played
from wherry.controllers.snapshot import NOW, Snapshot
from wherry.controllers.tainteviction import reconcile
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.times import format_seconds

INDICES = CONTROLLERS["taint-eviction-controller"].indices


def node(*, added: int | None = 0, effect: str = "NoExecute") -> Node:
    moment = format_seconds(NOW - timedelta(seconds=added)) if added is not None else ""
    taint = Taint(key="lost", effect=effect, timeAdded=moment)
    return Node(metadata=ObjectMeta(name="n1"), spec=NodeSpec(taints=(taint,)))


def pod(name: str, seconds: int | None = None, *, tolerates: bool = True) -> Pod:
    tolerations = (Toleration(key="lost", operator="Exists", tolerationSeconds=seconds),) if tolerates else ()
    meta = ObjectMeta(name=name, namespace="default", creationTimestamp="2025-01-01T00:00:00Z")
    return Pod(metadata=meta, spec=PodSpec(nodeName="n1", tolerations=tolerations))


def look(tainted: Node, *pods: Pod, seen_for: int = 0) -> list[Action]:
    changed = {"Node/n1": NOW - timedelta(seconds=seen_for)}
    return played(reconcile(tainted, Snapshot(tainted, pods, indices=INDICES, changed=changed)))


def test_who_does_not_tolerate_goes_at_once() -> None:
    emit, patch, delete = look(node(), pod("a", tolerates=False))
    assert isinstance(emit, Emit)
    assert (emit.reason, emit.message) == ("TaintManagerEviction", "Marking for deletion Pod default/a")
    assert isinstance(patch, Patch)
    assert patch.body["status"]["conditions"][0]["reason"] == "DeletionByTaintManager"
    assert isinstance(delete, Delete)


def test_who_tolerates_for_a_while_goes_after_it() -> None:
    assert look(node(added=100), pod("a", 300), pod("b", 500)) == [RequeueAfter(timedelta(seconds=200))]
    assert any(isinstance(action, Delete) for action in look(node(added=300), pod("a", 300)))


def test_who_tolerates_for_ever_stays() -> None:
    assert look(node(), pod("a")) == []


def test_taints_that_do_not_evict_are_nobodys_business() -> None:
    assert look(node(effect="NoSchedule"), pod("a", tolerates=False)) == []


def test_a_taint_without_a_time_counts_from_when_it_was_seen() -> None:
    assert look(node(added=None), pod("a", 60), seen_for=50) == [RequeueAfter(timedelta(seconds=10))]
