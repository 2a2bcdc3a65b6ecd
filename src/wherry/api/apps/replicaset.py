"""ReplicaSet: keeps a number of Pods alive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.apps.validation import validate_workload
from wherry.api.columns import AGE, NAME, column, containers, selector
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.registry import resource
from wherry.api.rules import validate_counts
from wherry.machinery.errors import FieldError
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Int32, Int64, ListMap, Merge, Part, Time, Written


class ReplicaSetCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class ReplicaSetSpec(Part):
    minReadySeconds: Int32 | None = None
    replicas: Int32 = 1
    selector: LabelSelector = LabelSelector()
    template: PodTemplateSpec = PodTemplateSpec()


class ReplicaSetStatus(Part):
    availableReplicas: Int32 = 0
    conditions: Annotated[tuple[ReplicaSetCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
    fullyLabeledReplicas: Int32 = 0
    observedGeneration: Int64 = 0
    readyReplicas: Int32 = 0
    replicas: Annotated[Int32, Written()] = 0
    terminatingReplicas: Int32 = 0


def validate(new: ReplicaSet, old: ReplicaSet | None) -> Iterator[FieldError]:
    yield from validate_counts(new.spec, "spec", "replicas", "minReadySeconds")
    yield from validate_workload(new, old)


@resource(
    "apps/v1",
    "replicasets",
    validate=validate,
    columns=(
        NAME,
        column("Desired", lambda found: found.spec.replicas, "integer"),
        column("Current", lambda found: found.status.replicas, "integer"),
        column("Ready", lambda found: found.status.readyReplicas, "integer"),
        AGE,
        *containers(lambda found: found.spec.template),
        selector(lambda found: found.spec.selector),
    ),
    generation=True,
)
class ReplicaSet(Object):
    spec: ReplicaSetSpec = ReplicaSetSpec()
    status: ReplicaSetStatus = ReplicaSetStatus()
