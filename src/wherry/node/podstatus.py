"""Pod status: what the API is told of a pod, from its spec, what is seen of it, and what was told before.

Phases, conditions, reasons and messages are upstream's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from wherry.api.core.container import Container, EphemeralContainer
from wherry.api.core.pod import Pod
from wherry.api.core.podstatus import ContainerStatus, HostIP, PodCondition, PodIP, PodStatus
from wherry.machinery import times
from wherry.machinery.schema import edit
from wherry.node.containerstatus import is_started, render_container
from wherry.node.facts import Failure, Kind, Seen, kind_of_containers
from wherry.node.resources import qos_class
from wherry.node.restarts import is_restarted, policy_of

OWN_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")

__all__ = ["OWN_CONDITIONS", "is_started", "is_terminal", "old_status", "render"]


def is_terminal(phase: str) -> bool:
    return phase in ("Succeeded", "Failed")


def old_status(pod: Pod, name: str) -> ContainerStatus | None:
    """What the API was last told of a container."""
    status = pod.status
    for group in (status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses):
        for container in group:
            if container.name == name:
                return container
    return None


def render(
    pod: Pod,
    seen: Seen,
    now: datetime,
    *,
    verdict: Failure | None = None,
    stopping: bool = False,
    over: bool = False,
) -> PodStatus:
    """The status of `pod`. `stopping`: nothing is started any more. `over`: nothing runs any more."""
    if seen.rejected is not None:
        return _rejected(pod, seen.rejected, now)
    kinds = kind_of_containers(pod)

    def statuses(containers: Iterable[Container | EphemeralContainer]) -> tuple[ContainerStatus, ...]:
        return tuple(
            render_container(
                container,
                kinds[container.name],
                pod,
                seen,
                now,
                stopping=stopping,
                old=old_status(pod, container.name),
            )
            for container in containers
        )

    inits, mains = statuses(pod.spec.initContainers), statuses(pod.spec.containers)
    phase = _phase(pod, seen, inits, mains, over=over)
    if verdict is not None:
        phase = "Failed"
    elif is_terminal(pod.status.phase):
        phase = pod.status.phase  # never taken back
    ips = next((box.ips for box in seen.boxes if box.ready), ())
    if pod.spec.hostNetwork and seen.boxes:
        ips = seen.host_ips
    ips = ips or tuple(each.ip for each in pod.status.podIPs)
    status = edit(
        pod.status,
        phase=phase,
        reason=verdict.reason if verdict else "" if not is_terminal(phase) else pod.status.reason,
        message=verdict.message if verdict else "" if not is_terminal(phase) else pod.status.message,
        startTime=pod.status.startTime or times.format_seconds(now),
        hostIP=seen.host_ips[0] if seen.host_ips else pod.status.hostIP,
        hostIPs=tuple(HostIP(ip=ip) for ip in seen.host_ips) or pod.status.hostIPs,
        podIP=ips[0] if ips else "",
        podIPs=tuple(PodIP(ip=ip) for ip in ips),
        qosClass=pod.status.qosClass or qos_class(pod),
        observedGeneration=pod.metadata.generation or 0,
        initContainerStatuses=inits,
        containerStatuses=mains,
        ephemeralContainerStatuses=statuses(pod.spec.ephemeralContainers),
    )
    return edit(status, conditions=_conditions(pod, seen, status, now))


def _rejected(pod: Pod, why: Failure, now: datetime) -> PodStatus:
    return edit(
        pod.status,
        phase="Failed",
        reason=why.reason,
        message=why.message,
        startTime=pod.status.startTime or times.format_seconds(now),
        qosClass=pod.status.qosClass or qos_class(pod),
        observedGeneration=pod.metadata.generation or 0,
    )


# Phases.


def _phase(
    pod: Pod, seen: Seen, inits: Sequence[ContainerStatus], mains: Sequence[ContainerStatus], *, over: bool
) -> str:
    policies = {container.name: container.restartPolicy for container in pod.spec.initContainers}
    pending_init = failed_init = 0
    for status in inits:
        if policies[status.name] == "Always":
            if not status.started and not _has_ended(status):
                pending_init += 1
        elif not _succeeded(status):
            failed = _has_ended(status) and (policies[status.name] or pod.spec.restartPolicy) == "Never"
            failed_init += failed
            pending_init += not failed
    running = sum(_is_running(status) for status in mains)
    ended = sum(_has_ended(status) for status in mains)
    succeeded = sum(_succeeded(status) for status in mains)
    waiting = len(mains) - running - ended
    if failed_init and not running and pod.spec.restartPolicy == "Never":
        return "Failed"
    if over and not running:
        return "Succeeded" if mains and succeeded == len(mains) else "Failed"
    if pending_init and not running and not ended:
        return "Pending"
    if waiting:
        return "Pending"
    if running:
        return "Running"
    return _ended_phase(pod, seen, mains)


def _ended_phase(pod: Pod, seen: Seen, mains: Sequence[ContainerStatus]) -> str:
    """Every container has ended at least once and none runs: is there another round?"""
    by_name = {container.name: container for container in pod.spec.containers}
    for status in mains:
        container, run = by_name[status.name], seen.newest(status.name)
        if run is not None:
            if is_restarted(container, Kind.MAIN, pod, run, seen):
                return "Running"
        elif policy_of(container, pod) == "Always" or not (
            _succeeded(status) or policy_of(container, pod) == "Never"
        ):
            return "Running"
    return "Succeeded" if all(map(_succeeded, mains)) else "Failed"


def _is_running(status: ContainerStatus) -> bool:
    return status.state is not None and status.state.running is not None


def _has_ended(status: ContainerStatus) -> bool:
    if status.state is None:
        return False
    if status.state.terminated is not None:
        return True
    waits = status.state.waiting is not None
    return waits and status.lastState is not None and status.lastState.terminated is not None


def _succeeded(status: ContainerStatus) -> bool:
    return (
        status.state is not None
        and status.state.terminated is not None
        and status.state.terminated.exitCode == 0
    )


# Conditions.


def _conditions(pod: Pod, seen: Seen, status: PodStatus, now: datetime) -> tuple[PodCondition, ...]:
    """Own ones anew, with the time at which they last changed; those of others as they are."""
    old = {condition.type: condition for condition in pod.status.conditions}
    containers_ready = _containers_ready(pod, status)
    fresh = {
        condition.type: _dated(condition, old.get(condition.type), pod, now)
        for condition in (
            _sandbox_ready(pod, seen),
            _initialized(pod, status),
            _ready(pod, containers_ready),
            containers_ready,
            old.get("PodScheduled") or PodCondition(type="PodScheduled", status="True"),
        )
    }
    others = tuple(condition for condition in pod.status.conditions if condition.type not in fresh)
    return tuple(fresh.values()) + others


def _dated(new: PodCondition, old: PodCondition | None, pod: Pod, now: datetime) -> PodCondition:
    since = times.format_seconds(now)
    if old is not None and old.status == new.status and old.lastTransitionTime:
        since = old.lastTransitionTime
    return edit(new, lastTransitionTime=since, observedGeneration=pod.metadata.generation)


def _condition(type: str, value: bool, reason: str = "", message: str = "") -> PodCondition:
    return PodCondition(type=type, status="True" if value else "False", reason=reason, message=message)


def _sandbox_ready(pod: Pod, seen: Seen) -> PodCondition:
    ready = any(box.ready and (box.ips or pod.spec.hostNetwork) for box in seen.boxes[:1])
    return _condition("PodReadyToStartContainers", ready)


def _initialized(pod: Pod, status: PodStatus) -> PodCondition:
    sidecars = {c.name for c in pod.spec.initContainers if c.restartPolicy == "Always"}
    if status.phase == "Succeeded":
        return _condition("Initialized", True, "PodCompleted")
    incomplete = [
        container.name
        for container in status.initContainerStatuses
        if not (container.started if container.name in sidecars else container.ready)
    ]
    if not incomplete or _have_begun(status):
        return _condition("Initialized", True)
    message = f"containers with incomplete status: [{' '.join(incomplete)}]"
    return _condition("Initialized", False, "ContainersNotInitialized", message)


def _have_begun(status: PodStatus) -> bool:
    return any(_is_running(container) or _has_ended(container) for container in status.containerStatuses)


def _containers_ready(pod: Pod, status: PodStatus) -> PodCondition:
    if status.phase == "Succeeded":
        return _condition("ContainersReady", False, "PodCompleted")
    if status.phase == "Failed":
        return _condition("ContainersReady", False, "PodFailed")
    kinds = kind_of_containers(pod)
    counted: list[ContainerStatus] = [
        container for container in status.initContainerStatuses if kinds[container.name] is Kind.SIDECAR
    ]
    counted += status.containerStatuses
    unready = [container.name for container in counted if not container.ready]
    if not unready:
        return _condition("ContainersReady", True)
    message = f"containers with unready status: [{' '.join(unready)}]"
    return _condition("ContainersReady", False, "ContainersNotReady", message)


def _ready(pod: Pod, containers_ready: PodCondition) -> PodCondition:
    if containers_ready.status != "True":
        return edit(containers_ready, type="Ready")
    current: Mapping[str, str] = {condition.type: condition.status for condition in pod.status.conditions}
    complaints = []
    for gate in pod.spec.readinessGates:
        kind = gate.conditionType
        if kind not in current:
            complaints.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif current[kind] != "True":
            complaints.append(f'the status of pod readiness gate "{kind}" is not "True", but {current[kind]}')
    if not complaints:
        return _condition("Ready", True)
    return _condition("Ready", False, "ReadinessGatesNotReady", ", ".join(complaints))
