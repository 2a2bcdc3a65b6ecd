"""ReplicationControllers keep Pods as ReplicaSets do: tests/controllers/test_replicaset.py says how."""

from __future__ import annotations

from wherry.api.core.pod import Pod
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.core.replicationcontroller import ReplicationController, ReplicationControllerSpec
from wherry.controllers.contract import Attempt, Create, Emit, UpdateStatus, played
from wherry.controllers.pods import from_template
from wherry.controllers.replicationcontroller import reconcile
from wherry.controllers.snapshot import Snapshot
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit

LABELS = {"app": "web"}
RC = ReplicationController(
    metadata=ObjectMeta(name="web", namespace="default", uid="rc", generation=2),
    spec=ReplicationControllerSpec(
        replicas=2, selector=LABELS, template=PodTemplateSpec(metadata=ObjectMeta(labels=LABELS))
    ),
)


def test_makes_pods_that_it_owns_itself() -> None:
    attempt, *rest = played(reconcile(RC, Snapshot(RC)))
    assert isinstance(attempt, Attempt)
    assert len(attempt.actions) == 2
    create = attempt.actions[0]
    assert isinstance(create, Create)
    (owner,) = create.object.metadata.ownerReferences
    assert (owner.apiVersion, owner.kind, owner.uid) == ("v1", "ReplicationController", "rc")
    assert all(action.about is RC for action in rest if isinstance(action, Emit))


def test_the_status_is_its_own_and_settles() -> None:
    pods = [
        edit(
            from_template(RC.spec.template, RC),
            metadata=edit(from_template(RC.spec.template, RC).metadata, name=name),
        )
        for name in ("a", "b")
    ]
    assert all(isinstance(pod, Pod) for pod in pods)
    (update,) = played(reconcile(RC, Snapshot(RC, pods)))
    assert isinstance(update, UpdateStatus)
    written = update.object
    assert isinstance(written, ReplicationController)
    assert (written.status.replicas, written.status.observedGeneration) == (2, 2)
    assert played(reconcile(written, Snapshot(written, pods))) == []
