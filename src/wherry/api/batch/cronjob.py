"""CronJob: starts a Job on a schedule."""

from __future__ import annotations

from typing import Annotated

from wherry.api.batch.job import JobTemplateSpec
from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int32, Int64, Part, Time, Written


class CronJobSpec(Part):
    concurrencyPolicy: str = "Allow"
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


@resource("batch/v1", "cronjobs")
class CronJob(Object):
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()
