"""StatefulSet: Pods with stable names and storage."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NAME, column, containers
from wherry.api.core.persistentvolumeclaim import PersistentVolumeClaim
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.registry import resource
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import (
    Atomic,
    Int32,
    Int64,
    IntOrString,
    ListMap,
    Merge,
    OneOf,
    Part,
    Time,
    Tree,
    Written,
)


class RollingUpdateStatefulSetStrategy(Part):
    maxUnavailable: IntOrString | None = None
    partition: Annotated[Int32, Written()] = 0

    @staticmethod
    def complete(tree: Tree) -> None:
        tree.setdefault("maxUnavailable", 1)


class StatefulSetCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class StatefulSetOrdinals(Part):
    start: Int32 | None = None


class StatefulSetPersistentVolumeClaimRetentionPolicy(Part):
    whenDeleted: Annotated[str, OneOf("Delete", "Retain")] = "Retain"
    whenScaled: Annotated[str, OneOf("Delete", "Retain")] = "Retain"


class StatefulSetUpdateStrategy(Part):
    rollingUpdate: RollingUpdateStatefulSetStrategy | None = None
    type: str = ""

    @staticmethod
    def complete(tree: Tree) -> None:
        if not tree.get("type"):
            tree["type"] = "RollingUpdate"
            tree.setdefault("rollingUpdate", {"partition": 0, "maxUnavailable": 1})


class StatefulSetSpec(Part):
    minReadySeconds: Int32 | None = None
    ordinals: StatefulSetOrdinals | None = None
    persistentVolumeClaimRetentionPolicy: StatefulSetPersistentVolumeClaimRetentionPolicy | None = None
    podManagementPolicy: str = "OrderedReady"
    replicas: Int32 = 1
    revisionHistoryLimit: Int32 = 10
    selector: LabelSelector = LabelSelector()
    serviceName: str = ""
    template: PodTemplateSpec = PodTemplateSpec()
    updateStrategy: StatefulSetUpdateStrategy = StatefulSetUpdateStrategy()
    volumeClaimTemplates: Annotated[tuple[PersistentVolumeClaim, ...], Atomic()] = ()

    @staticmethod
    def complete(tree: Tree) -> None:
        if "updateStrategy" not in tree:
            StatefulSetUpdateStrategy.complete(tree.setdefault("updateStrategy", {}))
        if "persistentVolumeClaimRetentionPolicy" not in tree:
            tree["persistentVolumeClaimRetentionPolicy"] = {"whenDeleted": "Retain", "whenScaled": "Retain"}
        for claim in tree.get("volumeClaimTemplates") or ():
            claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"


class StatefulSetStatus(Part):
    availableReplicas: Int32 = 0
    collisionCount: Int32 = 0
    conditions: Annotated[tuple[StatefulSetCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
    currentReplicas: Int32 = 0
    currentRevision: str = ""
    observedGeneration: Int64 = 0
    readyReplicas: Int32 = 0
    replicas: Int32 = 0
    updateRevision: str = ""
    updatedReplicas: Int32 = 0


@resource(
    "apps/v1",
    "statefulsets",
    columns=(
        NAME,
        column("Ready", lambda found: f"{found.status.readyReplicas}/{found.spec.replicas}"),
        AGE,
        *containers(lambda found: found.spec.template),
    ),
    generation=True,
)
class StatefulSet(Object):
    spec: StatefulSetSpec = StatefulSetSpec()
    status: StatefulSetStatus = StatefulSetStatus()
