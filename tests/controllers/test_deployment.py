"""The Deployment controller, round by round. Whole rollouts: tests/manager/test_engine.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from wherry.api.apps.deployment import (
    Deployment,
    DeploymentCondition,
    DeploymentSpec,
    DeploymentStatus,
    DeploymentStrategy,
    RollingUpdateDeployment,
)
from wherry.api.apps.replicaset import ReplicaSet
from wherry.api.core.pod import Pod, PodSpec
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.controllers.contract import (
    Action,
    Attempt,
    Create,
    Delete,
    Emit,
    Outcome,
    RequeueAfter,
    Update,
    UpdateStatus,
    played,
    succeeded,
)
from wherry.controllers.deployment import reconcile, recreated_by
from wherry.controllers.rollout import DESIRED_REPLICAS, REVISION, TEMPLATE_HASH
from wherry.controllers.snapshot import NOW, Snapshot
from wherry.machinery.errors import AlreadyExists, Forbidden, StatusError
from wherry.machinery.meta import LabelSelector, ObjectMeta
from wherry.machinery.ownership import owner_reference
from wherry.machinery.schema import edit
from wherry.machinery.times import format_seconds

LABELS = {"app": "web"}


def deployment(replicas: int = 3, *, conditions: tuple[Any, ...] = (), **spec: Any) -> Deployment:
    rolling = RollingUpdateDeployment(maxSurge=1, maxUnavailable=0)
    fields: dict[str, Any] = {
        "replicas": replicas,
        "selector": LabelSelector(matchLabels=LABELS),
        "strategy": DeploymentStrategy(rollingUpdate=rolling),
        "template": PodTemplateSpec(metadata=ObjectMeta(labels=LABELS), spec=PodSpec(hostname="v1")),
        **spec,
    }
    meta = ObjectMeta(name="web", namespace="default", uid="d", generation=1)
    return Deployment(
        metadata=meta, spec=DeploymentSpec(**fields), status=DeploymentStatus(conditions=conditions)
    )


def first(web: Deployment) -> tuple[Deployment, ReplicaSet]:
    """After the first round: the Deployment as written last, and its ReplicaSet."""
    actions = played(reconcile(web, Snapshot(web)))
    (attempt,) = [action for action in actions if isinstance(action, Attempt)]
    (create,) = attempt.actions
    written = [action.object for action in actions if isinstance(action, UpdateStatus)][-1]
    assert isinstance(written, Deployment)
    assert isinstance(create.object, ReplicaSet)
    rs = edit(create.object, metadata=edit(create.object.metadata, uid="rs1"))
    return written, rs


def changed(web: Deployment, hostname: str) -> Deployment:
    template = edit(web.spec.template, spec=PodSpec(hostname=hostname))
    return edit(web, spec=edit(web.spec, template=template))


def emitted(actions: list[Action]) -> list[str]:
    return [action.message for action in actions if isinstance(action, Emit)]


def updates(actions: list[Action]) -> list[ReplicaSet]:
    found = [action.object for action in actions if isinstance(action, Update)]
    return [obj for obj in found if isinstance(obj, ReplicaSet)]


def failing(error: StatusError) -> Callable[[Action], Outcome]:
    def answer(action: Action) -> Outcome:
        if isinstance(action, Attempt) and isinstance(action.actions[0], Create):
            return Outcome(failed=tuple((each, error) for each in action.actions))
        return succeeded(action)

    return answer


def test_the_first_round_makes_a_replica_set_named_by_its_template() -> None:
    web, rs = first(deployment())
    hashed = rs.metadata.labels[TEMPLATE_HASH]
    assert rs.metadata.name == f"web-{hashed}"
    assert rs.spec.selector.matchLabels == {**LABELS, TEMPLATE_HASH: hashed}
    assert rs.spec.template.metadata.labels[TEMPLATE_HASH] == hashed
    assert rs.spec.replicas == 3
    assert rs.metadata.annotations[REVISION] == web.metadata.annotations[REVISION] == "1"
    reasons = {condition.type: condition.reason for condition in web.status.conditions}
    assert reasons == {"Progressing": "NewReplicaSetCreated", "Available": "MinimumReplicasUnavailable"}


def test_a_change_makes_another_that_grows_within_the_surge() -> None:
    web, rs = first(deployment())
    web = changed(web, "v2")
    actions = played(reconcile(web, Snapshot(web, [rs])))
    (attempt,) = [action for action in actions if isinstance(action, Attempt)]
    new = attempt.actions[0].object
    assert isinstance(new, ReplicaSet)
    assert new.spec.replicas == 1
    assert new.metadata.annotations[REVISION] == "2"
    assert emitted(actions) == [f"Scaled up replica set {new.metadata.name} from 0 to 1"]


def test_while_paused_nothing_new_is_made_but_sizes_follow() -> None:
    web, rs = first(deployment())
    web = changed(edit(web, spec=edit(web.spec, paused=True, replicas=5)), "v2")
    actions = played(reconcile(web, Snapshot(web, [rs])))
    assert not [action for action in actions if isinstance(action, Attempt)]
    (resized,) = updates(actions)
    assert resized.spec.replicas == 5
    assert resized.metadata.annotations[DESIRED_REPLICAS] == "5"
    written = [action.object for action in actions if isinstance(action, UpdateStatus)][-1]
    assert isinstance(written, Deployment)
    assert "DeploymentPaused" in [condition.reason for condition in written.status.conditions]


def test_another_owner_of_the_name_is_counted_as_a_collision() -> None:
    web = deployment()
    _, rs = first(web)
    stranger = edit(rs, metadata=edit(rs.metadata, ownerReferences=(), labels={}))
    actions: list[Action] = []

    def answer(action: Action) -> Outcome:
        actions.append(action)
        return failing(AlreadyExists("there is one"))(action)

    with pytest.raises(AlreadyExists):
        played(reconcile(web, Snapshot(web, [stranger])), answer)
    written = actions[-1]
    assert isinstance(written, UpdateStatus)
    assert isinstance(written.object, Deployment)
    assert written.object.status.collisionCount == 1


def test_a_replica_set_that_may_not_be_made_is_told() -> None:
    web = deployment()
    actions: list[Action] = []

    def answer(action: Action) -> Outcome:
        actions.append(action)
        return failing(Forbidden("exceeded quota"))(action)

    with pytest.raises(Forbidden):
        played(reconcile(web, Snapshot(web)), answer)
    (message,) = emitted(actions)
    assert message.startswith('Failed to create new replica set "web-')
    assert message.endswith(": exceeded quota")


def test_old_revisions_beyond_the_limit_are_deleted_oldest_first() -> None:
    web, rs = first(deployment(replicas=1, revisionHistoryLimit=1))
    ready = edit(rs, status=edit(rs.status, replicas=1, availableReplicas=1, readyReplicas=1))
    old = []
    for number in (1, 2, 3):
        template = edit(rs.spec.template, spec=PodSpec(hostname=f"old{number}"))
        meta = edit(rs.metadata, name=f"old{number}", uid=f"old{number}", annotations={REVISION: str(number)})
        old.append(edit(rs, metadata=meta, spec=edit(rs.spec, replicas=0, template=template)))
    complete = DeploymentStatus(updatedReplicas=1, replicas=1, availableReplicas=1, observedGeneration=1)
    web = edit(web, status=complete)
    actions = played(reconcile(web, Snapshot(web, [ready, *old])))
    deleted = [action.object.metadata.name for action in actions if isinstance(action, Delete)]
    assert deleted == ["old1", "old2"]


def test_comes_back_when_the_progress_deadline_is_over() -> None:
    since = format_seconds(NOW - timedelta(seconds=100))
    told = DeploymentCondition(
        type="Progressing", status="True", reason="ReplicaSetUpdated", lastUpdateTime=since
    )
    web, rs = first(deployment())
    web = edit(web, status=edit(web.status, conditions=(told,)))
    actions = played(reconcile(web, Snapshot(web, [rs])))
    assert RequeueAfter(timedelta(seconds=501)) in actions


def test_one_that_selects_everything_is_refused() -> None:
    web = deployment(selector=LabelSelector())
    actions = played(reconcile(web, Snapshot(web)))
    assert emitted(actions) == ["This deployment is selecting all pods. A non-empty selector is required."]


def test_the_end_of_a_pod_matters_only_to_those_that_recreate() -> None:
    for kind, expected in (("Recreate", [("default", "web")]), ("RollingUpdate", [])):
        web = deployment(strategy=DeploymentStrategy(type=kind))
        rs = ReplicaSet(
            metadata=ObjectMeta(
                name="web-1", namespace="default", uid="rs", ownerReferences=(owner_reference(web),)
            )
        )
        pod = Pod(metadata=ObjectMeta(name="p", namespace="default", ownerReferences=(owner_reference(rs),)))
        assert list(recreated_by(pod, Snapshot(None, [web, rs]))) == expected
