"""Job columns: a Job as a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from wherry.api.columns import AGE, NAME, column, containers, selector
from wherry.api.registry import Column
from wherry.machinery.conditions import has_condition
from wherry.machinery.times import human_duration, parse

if TYPE_CHECKING:
    from wherry.api.batch.job import Job  # which imports this module


def _status(job: Job) -> str:
    conditions = job.status.conditions
    if has_condition(conditions, "Complete"):
        return "Complete"
    if has_condition(conditions, "Failed"):
        return "Failed"
    if job.metadata.deletionTimestamp:
        return "Terminating"
    for type in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if has_condition(conditions, type):
            return type
    return "Running"


def _completions(job: Job) -> str:
    succeeded, parallelism = job.status.succeeded, job.spec.parallelism or 0
    if job.spec.completions is not None:
        return f"{succeeded}/{job.spec.completions}"
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(job: Job, now: datetime) -> str:
    if not job.status.startTime:
        return ""
    end = parse(job.status.completionTime) if job.status.completionTime else now
    return human_duration(end - parse(job.status.startTime))


COLUMNS: Sequence[Column] = (
    NAME,
    column("Status", _status),
    column("Completions", _completions),
    Column("Duration", _duration),
    AGE,
    *containers(lambda job: job.spec.template),
    selector(lambda job: job.spec.selector or {}),
)
