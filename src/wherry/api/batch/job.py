"""Job: runs Pods until enough of them succeeded."""

from __future__ import annotations

from typing import Annotated

from wherry.api.batch.jobcolumns import COLUMNS
from wherry.api.batch.joblabels import CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME
from wherry.api.batch.jobvalidation import validate, validate_status
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.registry import resource
from wherry.api.scheduling.workload import (
    WorkloadPodGroupDisruptionMode,
    WorkloadPodGroupResourceClaim,
    WorkloadPodGroupSchedulingConstraints,
    WorkloadPodGroupSchedulingPolicy,
)
from wherry.machinery.meta import LabelSelector, Object, ObjectMeta
from wherry.machinery.schema import Atomic, Int32, Int64, ListMap, ListSet, Merge, OneOf, Part, Time, Tree


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
    operator: Annotated[str, OneOf("In", "NotIn")] = ""
    values: Annotated[tuple[Int32, ...], ListSet()] = ()


class PodFailurePolicyOnPodConditionsPattern(Part):
    status: str = "True"
    type: str = ""


class PodFailurePolicyRule(Part):
    action: Annotated[str, OneOf("Count", "FailIndex", "FailJob", "Ignore")] = ""
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
    completionMode: Annotated[str, OneOf("Indexed", "NonIndexed")] = ""
    completions: Int32 | None = None
    managedBy: str = ""
    manualSelector: bool = False
    maxFailedIndexes: Int32 | None = None
    parallelism: Int32 | None = None
    podFailurePolicy: PodFailurePolicy | None = None
    podReplacementPolicy: Annotated[str, OneOf("Failed", "TerminatingOrFailed")] = ""
    scheduling: JobSchedulingConfiguration | None = None
    selector: LabelSelector | None = None
    successPolicy: SuccessPolicy | None = None
    suspend: bool = False
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


def prepare(tree: Tree, old: Tree | None) -> None:
    """A new Job selects its Pods by its uid, which its template gets as a label."""
    spec = tree.setdefault("spec", {})
    if old is not None or spec.get("manualSelector"):
        return
    metadata = tree["metadata"]
    uid, name = metadata["uid"], metadata["name"]
    labels = spec.setdefault("template", {}).setdefault("metadata", {}).setdefault("labels", {})
    for key in (CONTROLLER_UID, LEGACY_CONTROLLER_UID):
        labels.setdefault(key, uid)
    for key in (JOB_NAME, LEGACY_JOB_NAME):
        labels.setdefault(key, name)
    selector = spec.setdefault("selector", {})
    selector.setdefault("matchLabels", {}).setdefault(CONTROLLER_UID, uid)


@resource(
    "batch/v1",
    "jobs",
    prepare=prepare,
    validate=validate,
    transitions={"status": validate_status},
    selectable={"status.successful": lambda job: str(job.status.succeeded)},
    columns=COLUMNS,
    generation=True,
)
class Job(Object):
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()

    @staticmethod
    def complete(tree: Tree) -> None:
        """What is filled in for Jobs, but not for the templates of CronJobs."""
        spec = tree.get("spec")
        if spec is None:
            return
        if spec.get("completions") is None and spec.get("parallelism") is None:
            spec["completions"] = 1
        spec.setdefault("parallelism", 1)
        spec.setdefault("backoffLimit", 6 if spec.get("backoffLimitPerIndex") is None else 2**31 - 1)
        if not spec.get("completionMode"):
            spec["completionMode"] = "NonIndexed"
        if not spec.get("podReplacementPolicy"):
            spec["podReplacementPolicy"] = (
                "TerminatingOrFailed" if spec.get("podFailurePolicy") is None else "Failed"
            )
        spec.setdefault("suspend", False)
        spec.setdefault("manualSelector", False)
        labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
        if labels and not (tree.get("metadata") or {}).get("labels"):
            tree.setdefault("metadata", {})["labels"] = dict(labels)
