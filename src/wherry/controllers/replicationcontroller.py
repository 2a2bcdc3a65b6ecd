"""ReplicationController controller: the same as for ReplicaSets, under the older name."""

from __future__ import annotations

import msgspec

from wherry.api.apps.replicaset import ReplicaSet, ReplicaSetCondition, ReplicaSetSpec, ReplicaSetStatus
from wherry.api.core.pod import Pod
from wherry.api.core.replicationcontroller import (
    ReplicationController,
    ReplicationControllerCondition,
    ReplicationControllerStatus,
)
from wherry.controllers.contract import Observed, Round, controller
from wherry.controllers.replicaset import keep
from wherry.machinery.meta import LabelSelector
from wherry.machinery.schema import edit
from wherry.machinery.selectors import Selector, from_labels


def selector_of(rc: ReplicationController) -> Selector:
    return from_labels(rc.spec.selector)


@controller(
    "replicationcontroller-controller",
    reconciles=ReplicationController,
    owns=(Pod,),
    selects=selector_of,
    writes={
        "replicationcontrollers": ("update",),
        "replicationcontrollers/status": ("update",),
        "replicationcontrollers/finalizers": ("update",),
        "pods": ("create", "delete", "patch"),
    },
    account="replication-controller",
)
def reconcile(rc: ReplicationController, seen: Observed) -> Round:
    yield from keep(rc, as_replicaset(rc), seen, lambda status: edit(rc, status=as_own(status)))


def as_replicaset(rc: ReplicationController) -> ReplicaSet:
    """What it wants and says, as a ReplicaSet."""
    spec, status = rc.spec, rc.status
    conditions = [
        msgspec.convert(each, ReplicaSetCondition, from_attributes=True) for each in status.conditions
    ]
    return ReplicaSet(
        metadata=rc.metadata,
        spec=ReplicaSetSpec(
            replicas=spec.replicas,
            minReadySeconds=spec.minReadySeconds,
            selector=LabelSelector(matchLabels=spec.selector),
            template=spec.template,
        ),
        status=ReplicaSetStatus(
            replicas=status.replicas,
            fullyLabeledReplicas=status.fullyLabeledReplicas,
            readyReplicas=status.readyReplicas,
            availableReplicas=status.availableReplicas,
            observedGeneration=status.observedGeneration,
            conditions=tuple(conditions),
        ),
    )


def as_own(status: ReplicaSetStatus) -> ReplicationControllerStatus:
    """The status of a ReplicaSet as that of a ReplicationController, which does not count Pods that go."""
    conditions = [
        msgspec.convert(each, ReplicationControllerCondition, from_attributes=True)
        for each in status.conditions
    ]
    return ReplicationControllerStatus(
        replicas=status.replicas,
        fullyLabeledReplicas=status.fullyLabeledReplicas,
        readyReplicas=status.readyReplicas,
        availableReplicas=status.availableReplicas,
        observedGeneration=status.observedGeneration,
        conditions=tuple(conditions),
    )
