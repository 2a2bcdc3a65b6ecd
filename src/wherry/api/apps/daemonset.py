"""DaemonSet: one Pod on every fitting node."""

from __future__ import annotations

from typing import Annotated

from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.registry import resource
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Int32, Int64, IntOrString, ListMap, Merge, Part, Time


class DaemonSetCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class RollingUpdateDaemonSet(Part):
    maxSurge: IntOrString | None = None
    maxUnavailable: IntOrString | None = None


class DaemonSetUpdateStrategy(Part):
    rollingUpdate: RollingUpdateDaemonSet | None = None
    type: str = "RollingUpdate"


class DaemonSetSpec(Part):
    minReadySeconds: Int32 | None = None
    revisionHistoryLimit: Int32 = 10
    selector: LabelSelector = LabelSelector()
    template: PodTemplateSpec = PodTemplateSpec()
    updateStrategy: DaemonSetUpdateStrategy = DaemonSetUpdateStrategy()


class DaemonSetStatus(Part):
    collisionCount: Int32 = 0
    conditions: Annotated[tuple[DaemonSetCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
    currentNumberScheduled: Int32 = 0
    desiredNumberScheduled: Int32 = 0
    numberAvailable: Int32 = 0
    numberMisscheduled: Int32 = 0
    numberReady: Int32 = 0
    numberUnavailable: Int32 = 0
    observedGeneration: Int64 = 0
    updatedNumberScheduled: Int32 = 0


@resource("apps/v1", "daemonsets")
class DaemonSet(Object):
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()
