"""Pod columns: a Pod as a row: how far its containers are, in one word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from wherry.api.columns import AGE, NAME, NONE, column, wide
from wherry.api.core.podstatus import ContainerStateTerminated, ContainerStatus
from wherry.api.registry import Column
from wherry.machinery.conditions import has_condition
from wherry.machinery.times import age

if TYPE_CHECKING:
    from wherry.api.core.pod import Pod  # which imports this module


class Restarts(NamedTuple):
    """How often containers were started again, and when that last was."""

    number: int = 0
    last: str = ""

    def plus(self, status: ContainerStatus) -> Restarts:
        ended = status.lastState.terminated if status.lastState else None
        return Restarts(self.number + status.restartCount, max(self.last, ended.finishedAt if ended else ""))


class Summary(NamedTuple):
    ready: int
    total: int
    status: str
    restarts: Restarts


def summary(pod: Pod) -> Summary:
    """What a row says of a Pod's containers."""
    sidecars = {init.name for init in pod.spec.initContainers if init.restartPolicy == "Always"}
    total = len(pod.spec.containers) + len(sidecars)
    restarts, sidecar_restarts, ready = Restarts(), Restarts(), 0
    reason, initializing = _reason_before(pod), False
    for index, status in enumerate(pod.status.initContainerStatuses):
        restarts = restarts.plus(status)
        is_sidecar = status.name in sidecars
        if is_sidecar:
            sidecar_restarts = sidecar_restarts.plus(status)
        if _is_over(status):
            continue
        if is_sidecar and status.started:
            ready += bool(status.ready)
            continue
        reason, initializing = _init_reason(status, index, len(pod.spec.initContainers)), True
        break
    if not initializing or has_condition(pod.status.conditions, "Initialized"):
        restarts = sidecar_restarts
        for status in pod.status.containerStatuses:
            restarts = restarts.plus(status)
        reason, running = _main_reason(pod, reason)
        ready += running
    return Summary(ready, total, _reason_after(pod, reason), restarts)


def _is_over(status: ContainerStatus) -> bool:
    ended = status.state.terminated if status.state else None
    return ended is not None and ended.exitCode == 0


def _reason_before(pod: Pod) -> str:
    gated = any(
        condition.type == "PodScheduled" and condition.reason == "SchedulingGated"
        for condition in pod.status.conditions
    )
    return "SchedulingGated" if gated else pod.status.reason or pod.status.phase


def _init_reason(status: ContainerStatus, index: int, total: int) -> str:
    if status.state and status.state.terminated is not None:
        return f"Init:{_end_of(status.state.terminated)}"
    waiting = status.state.waiting.reason if status.state and status.state.waiting else ""
    if waiting and waiting != "PodInitializing":
        return f"Init:{waiting}"
    return f"Init:{index}/{total}"


def _end_of(ended: ContainerStateTerminated) -> str:
    if ended.reason:
        return ended.reason
    return f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exitCode}"


def _main_reason(pod: Pod, reason: str) -> tuple[str, int]:
    """The word for the containers, the first one's where several have one; and how many of them run and are ready."""
    running, failed = 0, ""
    for status in reversed(pod.status.containerStatuses):
        state = status.state
        if state and state.waiting and state.waiting.reason:
            reason = state.waiting.reason
        elif state and state.terminated:
            reason = _end_of(state.terminated)
            if state.terminated.exitCode != 0:
                failed = reason
        elif status.ready and state and state.running:
            running += 1
    if reason == "Completed":
        if running and has_condition(pod.status.conditions, "Ready"):
            reason = "Running"
        elif failed:
            reason = failed
        elif running:
            reason = "NotReady"
    return reason, running


def _reason_after(pod: Pod, reason: str) -> str:
    if not pod.metadata.deletionTimestamp:
        return reason
    if pod.status.reason == "NodeLost":
        return "Unknown"
    return reason if pod.status.phase in ("Succeeded", "Failed") else "Terminating"


def _ready(pod: Pod) -> str:
    found = summary(pod)
    return f"{found.ready}/{found.total}"


def _restarts(pod: Pod, now: datetime) -> str:
    restarts = summary(pod).restarts
    if restarts.number and restarts.last:
        return f"{restarts.number} ({age(restarts.last, now)} ago)"
    return str(restarts.number)


def _readiness_gates(pod: Pod) -> str:
    gates = [gate.conditionType for gate in pod.spec.readinessGates]
    if not gates:
        return NONE
    passed = sum(has_condition(pod.status.conditions, gate) for gate in gates)
    return f"{passed}/{len(gates)}"


def _address(pod: Pod) -> str:
    return pod.status.podIPs[0].ip if pod.status.podIPs else NONE


COLUMNS: Sequence[Column] = (
    NAME,
    column("Ready", _ready),
    column("Status", lambda pod: summary(pod).status),
    Column("Restarts", _restarts),
    AGE,
    wide("IP", _address),
    wide("Node", lambda pod: pod.spec.nodeName or NONE),
    wide("Nominated Node", lambda pod: pod.status.nominatedNodeName or NONE),
    wide("Readiness Gates", _readiness_gates),
)
