"""ReplicaSet: keeps a number of Pods alive."""

from __future__ import annotations

from typing import Annotated

from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.registry import resource
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Int32, Int64, ListMap, Merge, Part, Time


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
    replicas: Int32 = 0
    terminatingReplicas: Int32 = 0


@resource("apps/v1", "replicasets")
class ReplicaSet(Object):
    spec: ReplicaSetSpec = ReplicaSetSpec()
    status: ReplicaSetStatus = ReplicaSetStatus()
