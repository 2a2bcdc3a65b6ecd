"""ReplicaSet controller: keep `spec.replicas` Pods alive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from wherry.api.apps.replicaset import ReplicaSet, ReplicaSetCondition, ReplicaSetStatus
from wherry.api.core.pod import Pod
from wherry.controllers.adoption import claim
from wherry.controllers.contract import (
    Attempt,
    Create,
    Delete,
    Emit,
    Observed,
    Outcome,
    Part,
    RequeueAfter,
    Round,
    UpdateStatus,
    controller,
    in_turn,
    namespace_is_going,
)
from wherry.controllers.pods import (
    available_at,
    from_template,
    is_active,
    is_available,
    is_ready,
    is_terminating,
)
from wherry.controllers.ranking import victims
from wherry.machinery.conditions import find_condition, remove_condition
from wherry.machinery.errors import StatusError
from wherry.machinery.meta import Object
from wherry.machinery.ownership import controller_of
from wherry.machinery.schema import edit
from wherry.machinery.selectors import Selector, from_label_selector, from_labels
from wherry.machinery.times import format_seconds

BURST = 500  # creations or deletions in one round; the next round does the rest
REPLICA_FAILURE = "ReplicaFailure"


def selector_of(rs: ReplicaSet) -> Selector:
    return from_label_selector(rs.spec.selector)


@controller(
    "replicaset-controller",
    reconciles=ReplicaSet,
    owns=(Pod,),
    selects=selector_of,
    writes={
        "replicasets.apps": ("update",),
        "replicasets.apps/status": ("update",),
        "replicasets.apps/finalizers": ("update",),
        "pods": ("create", "delete", "patch"),
    },
)
def reconcile(rs: ReplicaSet, seen: Observed) -> Round:
    yield from keep(rs, rs, seen, lambda status: edit(rs, status=status))


def keep(
    owner: Object, rs: ReplicaSet, seen: Observed, with_status: Callable[[ReplicaSetStatus], Object]
) -> Round:
    """Keep as many Pods as `rs` wants, for `owner`: itself, or what wants the same under another name."""
    owned = seen.owned(Pod)
    selector = selector_of(rs)
    active, adoptions = claim(
        owner, selector, [pod for pod in owned if is_active(pod)], filter(is_active, seen.orphans(Pod))
    )
    yield from in_turn(adoptions)
    ending = sum(is_terminating(pod) and selector.matches(pod.metadata.labels) for pod in owned)
    error = None
    if not owner.metadata.deletionTimestamp:
        error = yield from _manage(owner, rs, active, seen)
    status = _status(rs, active, ending, error, seen.now)
    if status != rs.status:
        yield UpdateStatus(with_status(status))
    yield from _wait_for_availability(rs, active, seen.now)
    if error is not None:
        raise error


def _manage(owner: Object, rs: ReplicaSet, active: Sequence[Pod], seen: Observed) -> Part[StatusError | None]:
    """Make what is missing, delete what is too much; the first error, if any."""
    missing = rs.spec.replicas - len(active)
    if missing > 0:
        pod = from_template(rs.spec.template, owner)
        outcome = yield Attempt((Create(pod),) * min(missing, BURST), slow_start=True)
        yield from _tell_created(owner, outcome)
        return None if namespace_is_going(outcome.error) else outcome.error
    if missing < 0:
        chosen = victims(active, _related(owner, active, seen), min(-missing, BURST), seen.now)
        outcome = yield Attempt(tuple(Delete(pod) for pod in chosen[:BURST]))
        yield from _tell_deleted(owner, outcome)
        return outcome.error
    return None


def _related(owner: Object, active: Sequence[Pod], seen: Observed) -> Iterator[Pod]:
    """Active Pods of all ReplicaSets of the same Deployment: these, and those that a rollout replaces."""
    above = controller_of(owner.metadata)
    if above is None or not isinstance(owner, ReplicaSet):
        yield from active
        return
    for each in seen.controlled_by(ReplicaSet, above.uid):
        yield from filter(is_active, seen.controlled_by(Pod, each.metadata.uid))


def _tell_created(owner: Object, outcome: Outcome) -> Iterator[Emit]:
    for _, pod in outcome.done:
        if pod is not None:
            yield Emit(owner, "Normal", "SuccessfulCreate", f"Created pod: {pod.metadata.name}")
    for _, error in outcome.failed:
        if not namespace_is_going(error):
            yield Emit(owner, "Warning", "FailedCreate", f"Error creating: {error}")


def _tell_deleted(owner: Object, outcome: Outcome) -> Iterator[Emit]:
    for step, _ in outcome.done:
        assert isinstance(step, Delete)
        yield Emit(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {step.object.metadata.name}")
    for _, error in outcome.failed:
        yield Emit(owner, "Warning", "FailedDelete", f"Error deleting: {error}")


def _status(
    rs: ReplicaSet, active: Sequence[Pod], ending: int, error: StatusError | None, now: datetime
) -> ReplicaSetStatus:
    wanted = from_labels(rs.spec.template.metadata.labels)
    min_ready = rs.spec.minReadySeconds or 0
    ready = [pod for pod in active if is_ready(pod)]
    available = ready if not min_ready else [pod for pod in ready if is_available(pod, min_ready, now)]
    return ReplicaSetStatus(
        replicas=len(active),
        fullyLabeledReplicas=sum(wanted.matches(pod.metadata.labels) for pod in active),
        readyReplicas=len(ready),
        availableReplicas=len(available),
        terminatingReplicas=ending,
        observedGeneration=rs.metadata.generation or 0,
        conditions=_conditions(rs, len(active), error, now),
    )


def _conditions(
    rs: ReplicaSet, count: int, error: StatusError | None, now: datetime
) -> tuple[ReplicaSetCondition, ...]:
    """ReplicaFailure keeps the first error until a round goes well."""
    present = rs.status.conditions
    if error is None:
        return remove_condition(present, REPLICA_FAILURE)
    if find_condition(present, REPLICA_FAILURE) is not None:
        return present
    failure = ReplicaSetCondition(
        type=REPLICA_FAILURE,
        status="True",
        reason="FailedCreate" if count < rs.spec.replicas else "FailedDelete",
        message=str(error),
        lastTransitionTime=format_seconds(now),
    )
    return (*present, failure)


def _wait_for_availability(rs: ReplicaSet, active: Sequence[Pod], now: datetime) -> Iterator[RequeueAfter]:
    """Nothing is written when a Pod has been ready for long enough: come back then."""
    min_ready = rs.spec.minReadySeconds or 0
    if not min_ready:
        return
    moments = (available_at(pod, min_ready) for pod in active)
    if waiting := [moment for moment in moments if moment is not None and moment > now]:
        yield RequeueAfter(min(waiting) - now)
