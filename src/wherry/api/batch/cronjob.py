"""CronJob: starts a Job on a schedule."""

from __future__ import annotations

from typing import Annotated

from wherry.api.batch.job import JobTemplateSpec
from wherry.api.columns import AGE, NAME, NONE, aged, column, containers, selector
from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
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


@resource(
    "batch/v1",
    "cronjobs",
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
