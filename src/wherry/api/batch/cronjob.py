"""CronJob: starts a Job on a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wherry.api.batch.job import JobTemplateSpec
from wherry.api.batch.jobvalidation import validate_job_spec
from wherry.api.columns import AGE, NAME, NONE, aged, column, containers, selector
from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.api.rules import validate_counts
from wherry.machinery import cronschedule
from wherry.machinery.errors import FieldError, invalid, not_supported, required
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int32, Int64, OneOf, Part, Time, Written


class CronJobSpec(Part):
    concurrencyPolicy: Annotated[str, OneOf("Allow", "Forbid", "Replace")] = "Allow"
    failedJobsHistoryLimit: Int32 = 1
    jobTemplate: JobTemplateSpec = JobTemplateSpec()
    schedule: str = ""
    startingDeadlineSeconds: Int64 | None = None
    successfulJobsHistoryLimit: Int32 = 3
    suspend: Annotated[bool, Written()] = False
    timeZone: str = ""


class CronJobStatus(Part):
    active: Annotated[tuple[ObjectReference, ...], Atomic()] = ()
    lastScheduleTime: Time = ""
    lastSuccessfulTime: Time = ""


LONGEST_NAME = 52  # a Job's name is longer by eleven characters
ZONE_WRONG = "unknown time zone {}"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _validate_schedule(spec: CronJobSpec) -> Iterator[FieldError]:
    if not spec.schedule:
        yield required("spec.schedule")
        return
    if "TZ" in spec.schedule:
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield invalid("spec.schedule", spec.schedule, detail)
        return
    try:
        cronschedule.parse(spec.schedule)
    except cronschedule.ScheduleError as error:
        yield invalid("spec.schedule", spec.schedule, str(error))
    if spec.timeZone.lower() == "local":
        yield invalid(
            "spec.timeZone",
            spec.timeZone,
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones",
        )
    elif spec.timeZone and not _is_zone(spec.timeZone):
        yield invalid("spec.timeZone", spec.timeZone, ZONE_WRONG.format(spec.timeZone))


def validate(new: CronJob, old: CronJob | None) -> Iterator[FieldError]:
    spec = new.spec
    if old is None and len(new.metadata.name) > LONGEST_NAME:
        yield invalid("metadata.name", new.metadata.name, f"must be no more than {LONGEST_NAME} characters")
    if old is not None and spec == old.spec:
        return
    yield from _validate_schedule(spec)
    yield from validate_counts(
        spec, "spec", "startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"
    )
    template = spec.jobTemplate.spec
    yield from validate_job_spec(template, "spec.jobTemplate.spec")
    if template.selector is not None:
        detail = "`selector` will be auto-generated"
        yield invalid("spec.jobTemplate.spec.selector", template.selector, detail)
    if template.manualSelector:
        yield not_supported("spec.jobTemplate.spec.manualSelector", True, ("nil", "false"))


@resource(
    "batch/v1",
    "cronjobs",
    validate=validate,
    columns=(
        NAME,
        column("Schedule", lambda found: found.spec.schedule),
        column("Timezone", lambda found: found.spec.timeZone or NONE),
        column("Suspend", lambda found: "True" if found.spec.suspend else "False", "boolean"),
        column("Active", lambda found: len(found.status.active), "integer"),
        aged("Last Schedule", lambda found: found.status.lastScheduleTime, missing=NONE),
        AGE,
        *containers(lambda found: found.spec.jobTemplate.spec.template),
        selector(lambda found: found.spec.jobTemplate.spec.selector or {}),
    ),
    generation=True,
)
class CronJob(Object):
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()
