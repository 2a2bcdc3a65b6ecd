"""Job: runs Pods until enough of them succeeded."""

from __future__ import annotations

from typing import Annotated

from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.registry import resource
from wherry.api.scheduling.workload import (
    WorkloadPodGroupDisruptionMode,
    WorkloadPodGroupResourceClaim,
    WorkloadPodGroupSchedulingConstraints,
    WorkloadPodGroupSchedulingPolicy,
)
from wherry.machinery.meta import LabelSelector, Object, ObjectMeta
from wherry.machinery.schema import Atomic, Int32, Int64, ListMap, ListSet, Merge, Part, Time, Written


class JobCondition(Part):
    lastProbeTime: Time = ""
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class JobSchedulingConfiguration(Part):
    disruptionMode: WorkloadPodGroupDisruptionMode | None = None
    resourceClaims: Annotated[
        tuple[WorkloadPodGroupResourceClaim, ...], ListMap("name"), Merge("merge", "name")
    ] = ()
    schedulingConstraints: WorkloadPodGroupSchedulingConstraints | None = None
    schedulingPolicy: WorkloadPodGroupSchedulingPolicy | None = None


class PodFailurePolicyOnExitCodesRequirement(Part):
    containerName: str = ""
    operator: str = ""
    values: Annotated[tuple[Int32, ...], ListSet()] = ()


class PodFailurePolicyOnPodConditionsPattern(Part):
    status: str = "True"
    type: str = ""


class PodFailurePolicyRule(Part):
    action: str = ""
    onExitCodes: PodFailurePolicyOnExitCodesRequirement | None = None
    onPodConditions: Annotated[tuple[PodFailurePolicyOnPodConditionsPattern, ...], Atomic()] = ()


class PodFailurePolicy(Part):
    rules: Annotated[tuple[PodFailurePolicyRule, ...], Atomic()] = ()


class SuccessPolicyRule(Part):
    succeededCount: Int32 | None = None
    succeededIndexes: str = ""


class SuccessPolicy(Part):
    rules: Annotated[tuple[SuccessPolicyRule, ...], Atomic()] = ()


class JobSpec(Part):
    activeDeadlineSeconds: Int64 | None = None
    backoffLimit: Int32 | None = None
    backoffLimitPerIndex: Int32 | None = None
    completionMode: str = "NonIndexed"
    completions: Int32 | None = None
    managedBy: str = ""
    manualSelector: Annotated[bool, Written()] = False
    maxFailedIndexes: Int32 | None = None
    parallelism: Int32 = 1
    podFailurePolicy: PodFailurePolicy | None = None
    podReplacementPolicy: str = ""
    scheduling: JobSchedulingConfiguration | None = None
    selector: LabelSelector | None = None
    successPolicy: SuccessPolicy | None = None
    suspend: Annotated[bool, Written()] = False
    template: PodTemplateSpec = PodTemplateSpec()
    ttlSecondsAfterFinished: Int32 | None = None


class UncountedTerminatedPods(Part):
    failed: Annotated[tuple[str, ...], ListSet()] = ()
    succeeded: Annotated[tuple[str, ...], ListSet()] = ()


class JobStatus(Part):
    active: Int32 = 0
    completedIndexes: str = ""
    completionTime: Time = ""
    conditions: Annotated[tuple[JobCondition, ...], Atomic(), Merge("merge", "type")] = ()
    failed: Int32 = 0
    failedIndexes: str = ""
    ready: Int32 = 0
    startTime: Time = ""
    succeeded: Int32 = 0
    terminating: Int32 = 0
    uncountedTerminatedPods: UncountedTerminatedPods | None = None


class JobTemplateSpec(Part):
    metadata: ObjectMeta = ObjectMeta()
    spec: JobSpec = JobSpec()


@resource("batch/v1", "jobs")
class Job(Object):
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()
