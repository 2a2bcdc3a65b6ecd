"""Progress: a Deployment's status: what it counts, and what it says of the rollout."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from wherry.api.apps.deployment import Deployment, DeploymentCondition, DeploymentStatus
from wherry.api.apps.replicaset import ReplicaSet
from wherry.controllers.rollout import max_unavailable, total
from wherry.machinery import times
from wherry.machinery.conditions import find_condition, remove_condition
from wherry.machinery.schema import edit

AVAILABLE, PROGRESSING, REPLICA_FAILURE = "Available", "Progressing", "ReplicaFailure"
NEW_SET_AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
PAUSED, RESUMED = "DeploymentPaused", "DeploymentResumed"
FOREVER = 2**31 - 1  # progressDeadlineSeconds that means none

Conditions = tuple[DeploymentCondition, ...]


def has_deadline(deployment: Deployment) -> bool:
    return deployment.spec.progressDeadlineSeconds != FOREVER


def condition(type: str, status: str, reason: str, message: str, now: datetime) -> DeploymentCondition:
    moment = times.format_seconds(now)
    return DeploymentCondition(
        type=type,
        status=status,
        reason=reason,
        message=message,
        lastUpdateTime=moment,
        lastTransitionTime=moment,
    )


def put(conditions: Conditions, new: DeploymentCondition) -> Conditions:
    """Unlike other kinds' conditions, one with the same status and reason stays as it is, message too."""
    old = find_condition(conditions, new.type)
    if old is not None and old.status == new.status:
        if old.reason == new.reason:
            return conditions
        new = edit(new, lastTransitionTime=old.lastTransitionTime)
    return (*remove_condition(conditions, new.type), new)


def with_condition(deployment: Deployment, new: DeploymentCondition) -> Deployment:
    conditions = put(deployment.status.conditions, new)
    return edit(deployment, status=edit(deployment.status, conditions=conditions))


def pause_changed(deployment: Deployment, now: datetime) -> DeploymentCondition | None:
    """What Progressing says once, after the Deployment was paused or resumed."""
    present = find_condition(deployment.status.conditions, PROGRESSING)
    if not has_deadline(deployment) or (present is not None and present.reason == TIMED_OUT):
        return None
    told = present is not None and present.reason == PAUSED
    if deployment.spec.paused and not told:
        return condition(PROGRESSING, "Unknown", PAUSED, "Deployment is paused", now)
    if not deployment.spec.paused and told:
        return condition(PROGRESSING, "Unknown", RESUMED, "Deployment is resumed", now)
    return None


def counted(
    deployment: Deployment, sets: Sequence[ReplicaSet], new: ReplicaSet | None, now: datetime
) -> DeploymentStatus:
    """The status without a judgement on progress."""
    available = sum(rs.status.availableReplicas for rs in sets)
    enough = available >= deployment.spec.replicas - max_unavailable(deployment)
    reason, message = (
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        if enough
        else ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    )
    availability = condition(AVAILABLE, "True" if enough else "False", reason, message, now)
    return DeploymentStatus(
        observedGeneration=deployment.metadata.generation or 0,
        replicas=sum(rs.status.replicas for rs in sets),
        updatedReplicas=new.status.replicas if new is not None else 0,
        readyReplicas=sum(rs.status.readyReplicas for rs in sets),
        availableReplicas=available,
        unavailableReplicas=max(total(sets) - available, 0),
        terminatingReplicas=sum(rs.status.terminatingReplicas for rs in sets),
        collisionCount=deployment.status.collisionCount,
        conditions=put(deployment.status.conditions, availability),
    )


def judged(
    deployment: Deployment, sets: Sequence[ReplicaSet], new: ReplicaSet | None, now: datetime
) -> DeploymentStatus:
    """The status with what is to be said about the rollout."""
    status = counted(deployment, sets, new, now)
    conditions = _progress(deployment, status, new, now)
    failure = _failure(sets, new)
    if failure is None:
        conditions = remove_condition(conditions, REPLICA_FAILURE)
    else:
        conditions = put(conditions, failure)
    return edit(status, conditions=conditions)


def is_complete(deployment: Deployment, status: DeploymentStatus) -> bool:
    wanted = deployment.spec.replicas
    return (
        status.updatedReplicas == wanted
        and status.replicas == wanted
        and status.availableReplicas == wanted
        and status.observedGeneration >= (deployment.metadata.generation or 0)
    )


def _progress(
    deployment: Deployment, status: DeploymentStatus, new: ReplicaSet | None, now: datetime
) -> Conditions:
    conditions = status.conditions
    if not has_deadline(deployment):
        return remove_condition(conditions, PROGRESSING)
    present = find_condition(deployment.status.conditions, PROGRESSING)
    done = status.replicas == status.updatedReplicas
    if done and present is not None and present.reason == NEW_SET_AVAILABLE:
        return conditions
    who = (
        f'ReplicaSet "{new.metadata.name}"' if new is not None else f'Deployment "{deployment.metadata.name}"'
    )
    if is_complete(deployment, status):
        message = f"{who} has successfully progressed."
        return put(conditions, condition(PROGRESSING, "True", NEW_SET_AVAILABLE, message, now))
    if _has_progressed(deployment.status, status):
        moved = condition(PROGRESSING, "True", "ReplicaSetUpdated", f"{who} is progressing.", now)
        if present is not None and present.status == "True":
            moved = edit(moved, lastTransitionTime=present.lastTransitionTime)
        return (*remove_condition(conditions, PROGRESSING), moved)
    if _has_timed_out(deployment, find_condition(conditions, PROGRESSING), now):
        message = f"{who} has timed out progressing."
        return put(conditions, condition(PROGRESSING, "False", TIMED_OUT, message, now))
    return conditions


def _has_progressed(old: DeploymentStatus, new: DeploymentStatus) -> bool:
    return (
        new.updatedReplicas > old.updatedReplicas
        or new.replicas - new.updatedReplicas < old.replicas - old.updatedReplicas
        or new.readyReplicas > old.readyReplicas
        or new.availableReplicas > old.availableReplicas
    )


def _has_timed_out(deployment: Deployment, present: DeploymentCondition | None, now: datetime) -> bool:
    if present is None or present.reason == NEW_SET_AVAILABLE:
        return False
    return present.reason == TIMED_OUT or _deadline(deployment, present) < now


def _deadline(deployment: Deployment, present: DeploymentCondition) -> datetime:
    allowed = timedelta(seconds=deployment.spec.progressDeadlineSeconds)
    return times.parse(present.lastUpdateTime) + allowed


def time_left(deployment: Deployment, status: DeploymentStatus, now: datetime) -> timedelta | None:
    """When to look again whether the rollout is stuck; None where that does not matter."""
    present = find_condition(status.conditions, PROGRESSING)
    if not has_deadline(deployment) or present is None or present.reason == TIMED_OUT:
        return None
    if is_complete(deployment, status):
        return None
    # A second more, because written times have no fractions.
    return max(_deadline(deployment, present) - now, timedelta()) + timedelta(seconds=1)


def _failure(sets: Sequence[ReplicaSet], new: ReplicaSet | None) -> DeploymentCondition | None:
    """The ReplicaFailure of the new ReplicaSet, else of any."""
    for rs in [*([new] if new is not None else ()), *sets]:
        found = find_condition(rs.status.conditions, REPLICA_FAILURE)
        if found is not None:
            return DeploymentCondition(
                type=REPLICA_FAILURE,
                status=found.status,
                reason=found.reason,
                message=found.message,
                lastTransitionTime=found.lastTransitionTime,
                lastUpdateTime=found.lastTransitionTime,
            )
    return None
