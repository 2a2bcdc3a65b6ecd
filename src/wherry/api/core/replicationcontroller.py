"""ReplicationController: keeps a number of Pods alive; ReplicaSets replace it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int32, Int64, ListMap, Merge, Part, Time


class ReplicationControllerCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class ReplicationControllerSpec(Part):
    minReadySeconds: Int32 | None = None
    replicas: Int32 = 1
    selector: Annotated[Mapping[str, str], Atomic()] = {}
    template: PodTemplateSpec = PodTemplateSpec()


class ReplicationControllerStatus(Part):
    availableReplicas: Int32 = 0
    conditions: Annotated[
        tuple[ReplicationControllerCondition, ...], ListMap("type"), Merge("merge", "type")
    ] = ()
    fullyLabeledReplicas: Int32 = 0
    observedGeneration: Int64 = 0
    readyReplicas: Int32 = 0
    replicas: Int32 = 0


@resource("v1", "replicationcontrollers")
class ReplicationController(Object):
    spec: ReplicationControllerSpec = ReplicationControllerSpec()
    status: ReplicationControllerStatus = ReplicationControllerStatus()
