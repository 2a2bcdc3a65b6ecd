"""Job validation: what a Job may say, and what of it may change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wherry.api.batch.joblabels import CONTROLLER_UID
from wherry.api.core.templatevalidation import NO_MATCH, validate_template
from wherry.api.rules import IMMUTABLE, immutable, validate_counts
from wherry.machinery import selectors
from wherry.machinery.conditions import has_condition
from wherry.machinery.errors import FieldError, invalid, not_supported, required
from wherry.machinery.labels import validate_label_selector
from wherry.machinery.names import check_prefixed_path
from wherry.machinery.schema import edit

if TYPE_CHECKING:
    from wherry.api.batch.job import Job, JobSpec, PodFailurePolicy  # which imports this module

COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
FIXED = (
    "selector",
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
)
INDEXES = 100_000
RULES, VALUES = 20, 255
# Of a template, what may change before the Job has started.
SUSPENDED = ("nodeSelector", "tolerations", "affinity", "schedulingGates")


def validate(new: Job, old: Job | None) -> Iterator[FieldError]:
    if old is not None and new.spec == old.spec:
        return
    yield from validate_job_spec(new.spec, "spec")
    if not new.spec.manualSelector:
        yield from _validate_generated(new)
    if new.spec.selector is None:
        yield required("spec.selector")
    else:
        yield from validate_label_selector(new.spec.selector, "spec.selector")
        labels = new.spec.template.metadata.labels
        if not selectors.from_label_selector(new.spec.selector).matches(labels):
            yield invalid("spec.template.metadata.labels", labels, NO_MATCH)
    if old is not None:
        yield from _validate_update(new, old)


def _validate_generated(new: Job) -> Iterator[FieldError]:
    """Who makes no selector of his own gets the one that no other Job has."""
    selector = new.spec.selector
    uid = new.metadata.uid
    if selector is None:
        return
    labels = selector.matchLabels
    if labels.get(CONTROLLER_UID) != uid and labels.get("controller-uid") != uid:
        yield invalid("spec.selector", selector, "`selector` not auto-generated")


def validate_job_spec(spec: JobSpec, path: str) -> Iterator[FieldError]:
    """Of a Job, or of the template of a CronJob."""
    yield from validate_counts(spec, path, *COUNTS)
    yield from validate_template(spec.template, f"{path}.template")
    yield from _validate_restarts(spec, f"{path}.template.spec.restartPolicy")
    if spec.completionMode == "Indexed":
        yield from _validate_indexed(spec, path)
    else:
        for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if getattr(spec, field) is not None:
                yield invalid(f"{path}.{field}", getattr(spec, field), "requires indexed completion mode")
        if spec.successPolicy is not None:
            yield invalid(f"{path}.successPolicy", spec.successPolicy, "requires indexed completion mode")
    if spec.podFailurePolicy is not None:
        yield from _validate_failure_policy(spec, spec.podFailurePolicy, f"{path}.podFailurePolicy")
    if spec.podFailurePolicy is not None and spec.podReplacementPolicy == "TerminatingOrFailed":
        yield not_supported(f"{path}.podReplacementPolicy", spec.podReplacementPolicy, ("Failed",))
    if spec.managedBy:
        for problem in check_prefixed_path(spec.managedBy):
            yield invalid(f"{path}.managedBy", spec.managedBy, problem)


def _validate_restarts(spec: JobSpec, path: str) -> Iterator[FieldError]:
    policy = spec.template.spec.restartPolicy
    if policy in ("", "Always"):
        yield (
            required(path, 'valid values: "OnFailure", "Never"')
            if not policy
            else not_supported(path, policy, ("OnFailure", "Never"))
        )
    elif policy == "OnFailure" and spec.podFailurePolicy is not None:
        yield invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')
    elif policy == "OnFailure" and spec.backoffLimitPerIndex is not None:
        yield invalid(path, policy, 'only "Never" is supported when backoffLimitPerIndex is specified')


def _validate_indexed(spec: JobSpec, path: str) -> Iterator[FieldError]:
    if spec.completions is None:
        yield required(f"{path}.completions", "when completion mode is Indexed")
    if (spec.parallelism or 0) > INDEXES:
        detail = f"must be less than or equal to {INDEXES} when completion mode is Indexed"
        yield invalid(f"{path}.parallelism", spec.parallelism, detail)
    failed, total = spec.maxFailedIndexes, spec.completions
    if failed is not None and total is not None and failed > total:
        yield invalid(f"{path}.maxFailedIndexes", failed, "must be less than or equal to completions")
    if failed is not None and spec.backoffLimitPerIndex is None:
        yield required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")


def _validate_failure_policy(spec: JobSpec, policy: PodFailurePolicy, path: str) -> Iterator[FieldError]:
    names = {each.name for each in (*spec.template.spec.containers, *spec.template.spec.initContainers)}
    for index, rule in enumerate(policy.rules):
        where = f"{path}.rules[{index}]"
        if not rule.action:
            yield required(f"{where}.action", 'valid values: "Count", "FailIndex", "FailJob", "Ignore"')
        if rule.onExitCodes is None and not rule.onPodConditions:
            yield invalid(where, rule, "specifying one of OnExitCodes and OnPodConditions is required")
        elif rule.onExitCodes is not None and rule.onPodConditions:
            yield invalid(where, rule, "specifying both OnExitCodes and OnPodConditions is not supported")
        codes = rule.onExitCodes
        if codes is None:
            continue
        if codes.containerName and codes.containerName not in names:
            detail = "must be one of the container or initContainer names in the pod template"
            yield invalid(f"{where}.onExitCodes.containerName", codes.containerName, detail)
        if not codes.values:
            yield invalid(f"{where}.onExitCodes.values", [], "at least one value is required")
        elif codes.operator == "In" and 0 in codes.values:
            at = codes.values.index(0)
            yield invalid(f"{where}.onExitCodes.values[{at}]", 0, "must not be 0 for the In operator")
        if list(codes.values) != sorted(codes.values):
            yield invalid(f"{where}.onExitCodes.values", codes.values, "must be ordered")


def _validate_update(new: Job, old: Job) -> Iterator[FieldError]:
    for field in FIXED:
        yield from immutable(f"spec.{field}", getattr(new.spec, field), getattr(old.spec, field))
    if new.spec.completions != old.spec.completions:
        if new.spec.completionMode != "Indexed":
            yield invalid("spec.completions", new.spec.completions, IMMUTABLE)
        elif new.spec.completions != new.spec.parallelism:
            detail = "can only be modified in tandem with spec.parallelism"
            yield invalid("spec.completions", new.spec.completions, detail)
    template = new.spec.template
    if old.spec.suspend and not old.status.startTime:
        kept: dict[str, Any] = {field: getattr(old.spec.template.spec, field) for field in SUSPENDED}
        template = edit(template, metadata=old.spec.template.metadata, spec=edit(template.spec, **kept))
    if template != old.spec.template:
        yield invalid("spec.template", new.spec.template, IMMUTABLE)


def validate_status(new: Job, old: Job) -> Iterator[FieldError]:
    """An update of jobs/status: a Job ends one way only."""
    conditions = new.status.conditions
    complete = has_condition(conditions, "Complete")
    if complete and has_condition(conditions, "Failed"):
        yield invalid("status.conditions", conditions, "cannot set Complete=True and Failed=true conditions")
    if complete and has_condition(conditions, "FailureTarget"):
        detail = "cannot set Complete=True and FailureTarget=true conditions"
        yield invalid("status.conditions", conditions, detail)
    if complete and not has_condition(conditions, "SuccessCriteriaMet"):
        detail = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        yield invalid("status.conditions", conditions, detail)
    if has_condition(conditions, "Failed") and not has_condition(conditions, "FailureTarget"):
        detail = "cannot set Failed=True condition without the FailureTarget=true condition"
        yield invalid("status.conditions", conditions, detail)
