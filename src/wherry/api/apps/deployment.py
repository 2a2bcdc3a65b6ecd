"""Deployment: declares Pods and how to go from one version of them to the next."""

from __future__ import annotations

from typing import Annotated

from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.registry import resource
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Int32, Int64, IntOrString, ListMap, Merge, Part, Time


class DeploymentCondition(Part):
    lastTransitionTime: Time = ""
    lastUpdateTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class RollingUpdateDeployment(Part):
    maxSurge: IntOrString | None = None
    maxUnavailable: IntOrString | None = None


class DeploymentStrategy(Part):
    rollingUpdate: RollingUpdateDeployment | None = None
    type: str = "RollingUpdate"


class DeploymentSpec(Part):
    minReadySeconds: Int32 | None = None
    paused: bool = False
    progressDeadlineSeconds: Int32 = 600
    replicas: Int32 = 1
    revisionHistoryLimit: Int32 = 10
    selector: LabelSelector = LabelSelector()
    strategy: Annotated[DeploymentStrategy, Merge("retainKeys")] = DeploymentStrategy()
    template: PodTemplateSpec = PodTemplateSpec()


class DeploymentStatus(Part):
    availableReplicas: Int32 = 0
    collisionCount: Int32 = 0
    conditions: Annotated[tuple[DeploymentCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
    observedGeneration: Int64 = 0
    readyReplicas: Int32 = 0
    replicas: Int32 = 0
    terminatingReplicas: Int32 = 0
    unavailableReplicas: Int32 = 0
    updatedReplicas: Int32 = 0


@resource("apps/v1", "deployments")
class Deployment(Object):
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()
