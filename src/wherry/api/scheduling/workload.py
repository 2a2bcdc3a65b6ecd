"""Workload: how Pods that belong together are scheduled."""

from __future__ import annotations

from typing import Annotated

from wherry.machinery.schema import Atomic, Int32, Part


class TopologyConstraint(Part):
    key: str = ""


class WorkloadPodGroupAllDisruptionMode(Part):
    pass


class WorkloadPodGroupBasicSchedulingPolicy(Part):
    pass


class WorkloadPodGroupSingleDisruptionMode(Part):
    pass


class WorkloadPodGroupDisruptionMode(Part):
    all: WorkloadPodGroupAllDisruptionMode | None = None
    single: WorkloadPodGroupSingleDisruptionMode | None = None


class WorkloadPodGroupGangSchedulingPolicy(Part):
    minCount: Int32 | None = None


class WorkloadPodGroupResourceClaim(Part):
    name: str = ""
    resourceClaimName: str = ""
    resourceClaimTemplateName: str = ""


class WorkloadPodGroupSchedulingConstraints(Part):
    topology: Annotated[tuple[TopologyConstraint, ...], Atomic()] = ()


class WorkloadPodGroupSchedulingPolicy(Part):
    basic: WorkloadPodGroupBasicSchedulingPolicy | None = None
    gang: WorkloadPodGroupGangSchedulingPolicy | None = None
