"""Container status: one container as the API is told of it."""

from __future__ import annotations

from datetime import datetime

from wherry.api.core.container import Container, EphemeralContainer
from wherry.api.core.pod import Pod
from wherry.api.core.podstatus import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    VolumeMountStatus,
)
from wherry.machinery import times
from wherry.machinery.schema import edit
from wherry.node.facts import Failure, Kind, Run, Seen
from wherry.node.restarts import crash_loop_message, is_restarted, ready_at
from wherry.node.runtimes import interface

CREATING = ContainerState(waiting=ContainerStateWaiting(reason="ContainerCreating"))
INITIALIZING = ContainerState(waiting=ContainerStateWaiting(reason="PodInitializing"))
LOST = "The container could not be located when the pod was terminated"


def render_container(
    container: Container | EphemeralContainer,
    kind: Kind,
    pod: Pod,
    seen: Seen,
    now: datetime,
    *,
    stopping: bool,
    old: ContainerStatus | None,
) -> ContainerStatus:
    """The status of one container; `old` is what was told last."""
    runs = [run for run in seen.runs if run.name == container.name]
    if not runs:
        return _without_run(container, kind, pod, seen, stopping=stopping, old=old)
    current, *earlier = _shown(runs, seen, container.name)
    last = _last_state(earlier, old, current, seen)
    state = _state(current, seen)
    waiting = None if stopping else _waiting(container, kind, pod, seen, now, current)
    if waiting is not None and current.state not in (interface.ContainerState.RUNNING,):
        if state.terminated is not None:
            last = state
        state = ContainerState(waiting=waiting)
    running = state.running is not None
    started = running and seen.verdict(current).started and kind is not Kind.INIT
    status = ContainerStatus(
        name=container.name,
        state=state,
        lastState=last,
        ready=_is_ready(kind, state, current, seen, started=started),
        started=started,
        restartCount=current.attempt,
        image=container.image if current.image.startswith("sha256:") else current.image or container.image,
        imageID=current.image_ref,
        containerID=f"{seen.runtime}://{current.id}",
        volumeMounts=_volume_mounts(container),
    )
    if running:
        status = edit(status, resources=container.resources, allocatedResources=container.resources.requests)
    if kind is Kind.EPHEMERAL:
        status = edit(status, started=None, volumeMounts=())
    return status


def is_started(status: ContainerStatus) -> bool:
    return bool(status.started)


def _shown(runs: list[Run], seen: Seen, name: str) -> list[Run]:
    """Newest first, without the one being started: it is not told of before its hook is done."""
    if f"start:{name}" in seen.busy and len(runs) > 1 and runs[0].finished_at is None:
        return runs[1:]
    return runs


def _state(run: Run, seen: Seen) -> ContainerState:
    states = interface.ContainerState
    if run.state is states.EXITED:
        return ContainerState(terminated=_terminated(run, seen))
    if run.state is states.CREATED or f"start:{run.name}" in seen.busy:
        return CREATING
    started = times.format_seconds(run.started_at) if run.started_at else ""
    return ContainerState(running=ContainerStateRunning(startedAt=started))


def _terminated(run: Run, seen: Seen) -> ContainerStateTerminated:
    return ContainerStateTerminated(
        exitCode=run.exit_code,
        reason=run.reason or ("Completed" if run.exit_code == 0 else "Error"),
        message=run.message,
        startedAt=times.format_seconds(run.started_at) if run.started_at else "",
        finishedAt=times.format_seconds(run.finished_at) if run.finished_at else "",
        containerID=f"{seen.runtime}://{run.id}",
    )


def _waiting(
    container: Container | EphemeralContainer, kind: Kind, pod: Pod, seen: Seen, now: datetime, run: Run
) -> ContainerStateWaiting | None:
    """Why the successor of an ended run is not there yet, where that is worth telling."""
    if run.state is interface.ContainerState.RUNNING or isinstance(container, EphemeralContainer):
        return None
    failure = seen.failures.get(f"start:{container.name}")
    due = ready_at(run)
    loops = due is not None and due > now and is_restarted(container, kind, pod, run, seen)
    if failure is not None and failure.reason and not (loops and _is_over(failure, now)):
        return ContainerStateWaiting(reason=failure.reason, message=failure.message)
    if not loops:
        return None
    return ContainerStateWaiting(
        reason="CrashLoopBackOff", message=crash_loop_message(run, container.name, pod)
    )


def _is_over(failure: Failure, now: datetime) -> bool:
    return failure.until is not None and failure.until <= now


def _last_state(
    earlier: list[Run], old: ContainerStatus | None, current: Run, seen: Seen
) -> ContainerState | None:
    for run in earlier:
        if run.state is interface.ContainerState.EXITED:
            return ContainerState(terminated=_terminated(run, seen))
    if old is None or old.lastState is None or current.attempt == 0:
        return None
    if not old.containerID:  # it followed one that was lost with all its traces
        return old.lastState if old.restartCount == current.attempt else None
    return old.lastState if old.containerID == f"{seen.runtime}://{current.id}" else None


def _without_run(
    container: Container | EphemeralContainer,
    kind: Kind,
    pod: Pod,
    seen: Seen,
    *,
    stopping: bool,
    old: ContainerStatus | None,
) -> ContainerStatus:
    """A container that the runtime knows nothing of: not begun, or lost with all its traces."""
    if old is not None and old.state is not None and old.containerID and stopping:
        if old.state.running is None:
            return edit(old, ready=kind is Kind.INIT and bool(old.ready), started=False)
        return edit(old, state=_lost(old), ready=False, started=False)
    state = INITIALIZING if pod.spec.initContainers and kind is not Kind.EPHEMERAL else CREATING
    failure = None if stopping else seen.failures.get(f"start:{container.name}")
    if failure is not None and failure.reason:
        state = ContainerState(waiting=ContainerStateWaiting(reason=failure.reason, message=failure.message))
    status = ContainerStatus(
        name=container.name, image=container.image, state=state, ready=False, started=False
    )
    if old is not None:
        status = edit(status, restartCount=attempt_after(old), lastState=_state_before(old))
    if kind is Kind.EPHEMERAL:
        return edit(status, started=None)
    return edit(status, volumeMounts=_volume_mounts(container))


def attempt_after(old: ContainerStatus) -> int:
    """The number of the run that follows what was told last, when the runtime has no trace of it."""
    return old.restartCount + 1 if old.containerID else old.restartCount


def _state_before(old: ContainerStatus) -> ContainerState | None:
    if not old.containerID or old.state is None:
        return old.lastState
    return _lost(old) if old.state.running is not None else old.state


def _lost(old: ContainerStatus) -> ContainerState:
    return ContainerState(
        terminated=ContainerStateTerminated(
            exitCode=137, reason="ContainerStatusUnknown", message=LOST, containerID=old.containerID
        )
    )


def _is_ready(kind: Kind, state: ContainerState, run: Run, seen: Seen, *, started: bool) -> bool:
    if kind is Kind.INIT:
        return state.terminated is not None and state.terminated.exitCode == 0
    if kind is Kind.EPHEMERAL:
        return False
    return started and seen.verdict(run).ready


def _volume_mounts(container: Container | EphemeralContainer) -> tuple[VolumeMountStatus, ...]:
    return tuple(
        VolumeMountStatus(
            name=mount.name,
            mountPath=mount.mountPath,
            readOnly=mount.readOnly,
            recursiveReadOnly="Disabled" if mount.readOnly else "",
        )
        for mount in container.volumeMounts
    )
