"""The ReplicaSet controller: as many Pods as wanted, and a status that says what there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.apps.replicaset import ReplicaSet, ReplicaSetSpec
from wherry.api.core.pod import Pod, PodSpec
from wherry.api.core.podstatus import PodCondition, PodStatus
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.controllers.contract import (
    Action,
    Attempt,
    Create,
    Delete,
    Emit,
    Outcome,
    Patch,
    RequeueAfter,
    UpdateStatus,
    played,
    succeeded,
)
from wherry.controllers.replicaset import BURST, reconcile
from wherry.controllers.snapshot import NOW, Snapshot
from wherry.machinery.errors import Cause, Forbidden
from wherry.machinery.meta import LabelSelector, ObjectMeta
from wherry.machinery.ownership import owner_reference
from wherry.machinery.schema import edit
from wherry.machinery.times import format_seconds

LABELS = {"app": "web"}


def replicaset(replicas: int, **spec: Any) -> ReplicaSet:
    template = PodTemplateSpec(metadata=ObjectMeta(labels=LABELS))
    return ReplicaSet(
        metadata=ObjectMeta(name="web", namespace="default", uid="rs", generation=1),
        spec=ReplicaSetSpec(
            replicas=replicas, selector=LabelSelector(matchLabels=LABELS), template=template, **spec
        ),
    )


def pod(rs: ReplicaSet | None, number: int, *, ready_for: int | None = None, **metadata: Any) -> Pod:
    owners = (owner_reference(rs),) if rs is not None else ()
    fields = {"labels": LABELS, "ownerReferences": owners, **metadata}
    meta = ObjectMeta(name=f"web-{number}", uid=f"p{number}", namespace="default", **fields)
    status = PodStatus(phase="Running")
    if ready_for is not None:
        since = format_seconds(NOW - timedelta(seconds=ready_for))
        condition = PodCondition(type="Ready", status="True", lastTransitionTime=since)
        status = edit(status, conditions=(condition,))
    return Pod(metadata=meta, spec=PodSpec(nodeName="n1"), status=status)


def steps(actions: list[Action], kind: type) -> list[Any]:
    inside = [each for action in actions if isinstance(action, Attempt) for each in action.actions]
    return [each for each in (*actions, *inside) if isinstance(each, kind)]


counts = st.integers(0, 700)


@given(want=counts, have=counts)
def test_closes_the_gap_in_rounds_of_a_burst(want: int, have: int) -> None:
    rs = replicaset(want)
    actions = played(reconcile(rs, Snapshot(rs, [pod(rs, number) for number in range(have)])))
    creates, deletes = len(steps(actions, Create)), len(steps(actions, Delete))
    assert min(creates, deletes) == 0
    assert creates - deletes == max(-BURST, min(BURST, want - have))


def test_says_what_it_made_and_what_it_deleted() -> None:
    rs = replicaset(1)
    (created,) = steps(played(reconcile(rs, Snapshot(rs))), Emit)
    assert (created.reason, created.message) == ("SuccessfulCreate", "Created pod: ")
    both = Snapshot(rs, [pod(rs, 1), pod(rs, 2)])
    (deleted,) = steps(played(reconcile(rs, both)), Emit)
    assert deleted.reason == "SuccessfulDelete"
    assert deleted.message.startswith("Deleted pod: web-")


def test_pods_that_are_finished_or_leaving_do_not_count() -> None:
    rs = replicaset(1)
    finished = edit(pod(rs, 1), status=PodStatus(phase="Succeeded"))
    leaving = pod(rs, 2, deletionTimestamp=format_seconds(NOW))
    actions = played(reconcile(rs, Snapshot(rs, [finished, leaving])))
    assert len(steps(actions, Create)) == 1
    (update,) = steps(actions, UpdateStatus)
    assert update.object.status.terminatingReplicas == 1


def test_adopts_what_matches_and_releases_what_does_not() -> None:
    rs = replicaset(2)
    orphan, stray = pod(None, 1), pod(rs, 2, labels={"app": "other"})
    actions = played(reconcile(rs, Snapshot(rs, [orphan, stray])))
    released, adopted = steps(actions, Patch)
    assert adopted.object is orphan
    assert adopted.body["metadata"]["ownerReferences"][0]["uid"] == "rs"
    assert released.object is stray
    assert released.body["metadata"]["ownerReferences"] == [{"$patch": "delete", "uid": "rs"}]
    assert len(steps(actions, Create)) == 1


def test_one_that_is_being_deleted_makes_and_adopts_nothing() -> None:
    rs = replicaset(3)
    rs = edit(rs, metadata=edit(rs.metadata, deletionTimestamp=format_seconds(NOW)))
    actions = played(reconcile(rs, Snapshot(rs, [pod(None, 1)])))
    assert not steps(actions, Create)
    assert not steps(actions, Patch)


def test_a_failure_stands_in_the_status_until_a_round_goes_well() -> None:
    rs = replicaset(1)
    error = Forbidden('pods "web-" is forbidden: exceeded quota')

    actions: list[Action] = []

    def refuse(action: Action) -> Outcome:
        actions.append(action)
        if isinstance(action, Attempt):
            return Outcome(failed=tuple((each, error) for each in action.actions))
        return succeeded(action)

    with pytest.raises(Forbidden):
        played(reconcile(rs, Snapshot(rs)), refuse)
    (emitted,) = steps(actions, Emit)
    assert (emitted.reason, emitted.message) == ("FailedCreate", f"Error creating: {error}")
    (update,) = steps(actions, UpdateStatus)
    (condition,) = update.object.status.conditions
    assert (condition.type, condition.reason, condition.status) == ("ReplicaFailure", "FailedCreate", "True")
    failed = update.object
    actions = played(reconcile(failed, Snapshot(failed)))
    (update,) = steps(actions, UpdateStatus)
    assert update.object.status.conditions == ()


def test_a_namespace_that_is_going_is_no_failure() -> None:
    rs = replicaset(1)
    error = Forbidden("being terminated", [Cause("NamespaceTerminating", "namespace is going")])

    def refuse(action: Action) -> Outcome:
        if isinstance(action, Attempt):
            return Outcome(failed=tuple((each, error) for each in action.actions))
        return succeeded(action)

    actions = played(reconcile(rs, Snapshot(rs)), refuse)
    assert not steps(actions, Emit)
    (update,) = steps(actions, UpdateStatus)
    assert update.object.status.conditions == ()


def test_comes_back_when_the_next_pod_becomes_available() -> None:
    rs = replicaset(2, minReadySeconds=30)
    pods = [pod(rs, 1, ready_for=40), pod(rs, 2, ready_for=10)]
    actions = played(reconcile(rs, Snapshot(rs, pods)))
    (update,) = steps(actions, UpdateStatus)
    assert (update.object.status.readyReplicas, update.object.status.availableReplicas) == (2, 1)
    assert steps(actions, RequeueAfter) == [RequeueAfter(timedelta(seconds=20))]


def test_writes_nothing_when_all_is_as_it_should_be() -> None:
    rs = replicaset(1)
    seen = Snapshot(rs, [pod(rs, 1, ready_for=5)])
    (update,) = steps(played(reconcile(rs, seen)), UpdateStatus)
    assert played(reconcile(update.object, seen)) == []
