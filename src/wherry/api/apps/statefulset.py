"""StatefulSet: Pods with stable names and storage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.apps.validation import validate_workload
from wherry.api.columns import AGE, NAME, column, containers
from wherry.api.core.persistentvolumeclaim import PersistentVolumeClaim
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.registry import resource
from wherry.api.rules import amount, validate_counts, validate_share
from wherry.machinery.errors import FieldError, forbidden, invalid
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.names import check_label
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
    edit,
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
    availableReplicas: Annotated[Int32, Written()] = 0
    collisionCount: Int32 = 0
    conditions: Annotated[tuple[StatefulSetCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
    currentReplicas: Int32 = 0
    currentRevision: str = ""
    observedGeneration: Int64 = 0
    readyReplicas: Int32 = 0
    replicas: Annotated[Int32, Written()] = 0
    updateRevision: str = ""
    updatedReplicas: Int32 = 0


MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
ONLY = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def _validate_strategy(strategy: StatefulSetUpdateStrategy, path: str) -> Iterator[FieldError]:
    rolling = strategy.rollingUpdate
    if strategy.type == "OnDelete":
        if rolling is not None:
            detail = "only allowed for updateStrategy 'RollingUpdate'"
            yield invalid(f"{path}.rollingUpdate", rolling, detail)
        return
    if strategy.type != "RollingUpdate":
        yield invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")
        return
    if rolling is None:
        return
    where = f"{path}.rollingUpdate"
    yield from validate_counts(rolling, where, "partition")
    yield from validate_share(rolling.maxUnavailable, f"{where}.maxUnavailable", at_most_all=True)
    if rolling.maxUnavailable is not None and amount(rolling.maxUnavailable) == 0:
        yield invalid(f"{where}.maxUnavailable", rolling.maxUnavailable, "cannot be 0")


def validate(new: StatefulSet, old: StatefulSet | None) -> Iterator[FieldError]:
    spec = new.spec
    if old is None:
        for problem in check_label(new.metadata.name):
            yield invalid("metadata.name", new.metadata.name, problem)
    if spec.podManagementPolicy not in ("OrderedReady", "Parallel"):
        detail = "must be 'OrderedReady' or 'Parallel'"
        yield invalid("spec.podManagementPolicy", spec.podManagementPolicy, detail)
    yield from _validate_strategy(spec.updateStrategy, "spec.updateStrategy")
    yield from validate_counts(spec, "spec", "replicas", "minReadySeconds", "revisionHistoryLimit")
    if spec.ordinals is not None:
        yield from validate_counts(spec.ordinals, "spec.ordinals", "start")
    if old is None:
        yield from validate_workload(new, None)
        return
    if spec.template != old.spec.template:
        yield from validate_workload(edit(new, spec=edit(spec, selector=old.spec.selector)), None)
    if edit(spec, **{field: getattr(old.spec, field) for field in MUTABLE}) != old.spec:
        yield forbidden("spec", ONLY)


@resource(
    "apps/v1",
    "statefulsets",
    validate=validate,
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
