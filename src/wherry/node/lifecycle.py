"""Lifecycle: a pod as wanted and as seen in, instructions and status out. No I/O, no clock, no memory.

    mount → sandbox → init containers, one after the other → containers
          (a sidecar counts as done once it has started; each start waits for the one before)
    a sandbox is lost → what ran in it is stopped, a new one comes, init containers run again
    stop: containers → sidecars from last to first → sandbox → volumes → the API's object

Every call starts from nothing but what is there, so a restarted agent goes on where the last one was.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from wherry.api.core.container import Container, EphemeralContainer
from wherry.api.core.pod import Pod
from wherry.machinery import times
from wherry.node.containerstatus import attempt_after
from wherry.node.facts import (
    Box,
    Cause,
    Delete,
    Failure,
    Instruction,
    Kind,
    Mount,
    Plan,
    Remove,
    RemoveSandbox,
    Run,
    Seen,
    Start,
    StartSandbox,
    Stop,
    StopSandbox,
    Unmount,
)
from wherry.node.identity import container_hash
from wherry.node.podstatus import is_terminal, old_status, render
from wherry.node.restarts import is_restarted, next_backoff, policy_of, ready_at
from wherry.node.runtimes.interface import ContainerState

LEAST_GRACE = 2  # seconds: what a container gets when the pod's time is up before its turn
UNDER_WAY = ("start:", "stop:", "sandbox", "mount")  # what must end before the rest is taken down
ALIVE = (ContainerState.RUNNING, ContainerState.UNKNOWN)
DEADLINE = Failure(
    reason="DeadlineExceeded", message="Pod was active on the node longer than the specified deadline"
)


def advance(pod: Pod, seen: Seen, now: datetime) -> Plan:
    """What to do next for `pod`, what to say of it, and when to look again."""
    return Advance(pod, seen, now).plan()


def is_overdue(pod: Pod, now: datetime) -> bool:
    due = deadline_of(pod)
    return due is not None and now >= due


def deadline_of(pod: Pod) -> datetime | None:
    if pod.spec.activeDeadlineSeconds is None or not pod.status.startTime:
        return None
    return times.parse(pod.status.startTime) + timedelta(seconds=pod.spec.activeDeadlineSeconds)


def grace_of(pod: Pod) -> int:
    """Seconds from the first signal to the last."""
    granted = pod.metadata.deletionGracePeriodSeconds
    if pod.metadata.deletionTimestamp and granted is not None:
        return max(granted, 1)
    return max(pod.spec.terminationGracePeriodSeconds, 1)


class Advance:
    """One look at one pod: collects instructions and the moment of the next look."""

    def __init__(self, pod: Pod, seen: Seen, now: datetime) -> None:
        self.pod = pod
        self.seen = seen
        self.now = now
        self.instructions: list[Instruction] = []
        self.wake: datetime | None = None

    def plan(self) -> Plan:
        pod, seen = self.pod, self.seen
        verdict = self.verdict()
        stopping = verdict is not None or self.is_leaving()
        status = render(pod, seen, self.now, verdict=verdict, stopping=stopping)
        stopping = stopping or is_terminal(status.phase)
        if stopping:
            finished = self.stop()
            # What is stopped by now is part of what is said: a pod that is over has a phase that says so.
            status = render(pod, seen, self.now, verdict=verdict, stopping=True, over=finished)
        else:
            finished = False
            self.go_on()
            self.wake_at(deadline_of(pod))
        return Plan(
            instructions=tuple(self.instructions),
            status=status,
            wake=self.wake,
            stopping=stopping,
            finished=finished and not self.instructions,
        )

    def verdict(self) -> Failure | None:
        """Why the pod as a whole has failed, where something other than its containers says so."""
        if self.seen.rejected is not None:
            return self.seen.rejected
        if is_terminal(self.pod.status.phase):
            if self.pod.status.phase == "Succeeded":
                return None
            return Failure(reason=self.pod.status.reason, message=self.pod.status.message)
        return DEADLINE if is_overdue(self.pod, self.now) else None

    def is_leaving(self) -> bool:
        leaves = bool(self.pod.metadata.deletionTimestamp) or self.seen.gone
        return leaves or is_terminal(self.pod.status.phase)

    # Instructions.

    def do(self, instruction: Instruction) -> bool:
        """Add `instruction`, unless it is under way or its last attempt failed too recently."""
        key = instruction.key
        if key in self.seen.busy or self.is_held_back(key):
            return False
        self.instructions.append(instruction)
        return True

    def is_held_back(self, key: str) -> bool:
        failure = self.seen.failures.get(key)
        if failure is None or failure.until is None or failure.until <= self.now:
            return False
        self.wake_at(failure.until)
        return True

    def wake_at(self, moment: datetime | None) -> None:
        if moment is not None and moment > self.now and (self.wake is None or moment < self.wake):
            self.wake = moment

    def stop_run(self, run: Run, cause: Cause, message: str, grace: float) -> None:
        """A stop that is under way is asked for again: the agent takes over an earlier deadline."""
        deadline = self.now + timedelta(seconds=grace)
        stop = Stop(run=run.id, name=run.name, deadline=deadline, cause=cause, message=message)
        if stop.key in self.seen.busy or not self.is_held_back(stop.key):
            self.instructions.append(stop)

    def alive(self) -> list[Run]:
        return [run for run in self.seen.runs if run.state in ALIVE]

    # The way up.

    def go_on(self) -> None:
        if not self.seen.mounted:
            self.do(Mount())
        self.prune()
        box = self.seen.boxes[0] if self.seen.boxes else None
        if box is None or not box.ready:
            self.renew_sandbox(box)
            return
        for old in self.seen.boxes[1:]:
            if old.ready:
                self.do(StopSandbox(box=old.id))
        self.containers(box)

    def renew_sandbox(self, box: Box | None) -> None:
        grace = grace_of(self.pod)
        alive = self.alive()
        for run in alive:
            self.stop_run(run, Cause.SANDBOX, f"Stopping container {run.name}", grace)
        if box is not None and not alive and self.seen.mounted and self.wants_sandbox():
            self.do(StartSandbox(attempt=box.attempt + 1))
        elif box is None and not alive and self.seen.mounted:
            self.do(StartSandbox(attempt=0))

    def wants_sandbox(self) -> bool:
        """A lost sandbox is replaced if anything is still to run in it."""
        return not self.seen.runs or self.pod.spec.restartPolicy != "Never" or self.has_more_to_run()

    def has_more_to_run(self) -> bool:
        for container in self.pod.spec.containers:
            run = self.seen.newest(container.name)
            if run is None or is_restarted(container, Kind.MAIN, self.pod, run, self.seen):
                return True
        return False

    def containers(self, box: Box) -> None:
        for ephemeral in self.pod.spec.ephemeralContainers:
            if self.seen.newest(ephemeral.name) is None:
                self.start(ephemeral, box, None)
        if self.init_containers(box):
            for container in self.pod.spec.containers:
                self.look_after(container, Kind.MAIN, box)

    def init_containers(self, box: Box) -> bool:
        """Returns whether the way to the containers is free."""
        past = self.has_begun(box)
        for container in self.pod.spec.initContainers:
            sidecar = container.restartPolicy == "Always"
            if past and not sidecar:
                continue
            self.look_after(container, Kind.SIDECAR if sidecar else Kind.INIT, box)
            if not past and not self.is_passed(container, sidecar, box):
                return False
        return True

    def has_begun(self, box: Box) -> bool:
        """Whether a container that is no init container was already created in this sandbox."""
        mains = {container.name for container in self.pod.spec.containers}
        return any(run.box == box.id and run.name in mains for run in self.seen.runs)

    def is_passed(self, container: Container, sidecar: bool, box: Box) -> bool:
        run = self.run_in(container.name, box)
        if run is None or f"start:{container.name}" in self.seen.busy:
            return False
        if sidecar:
            return run.state is ContainerState.RUNNING and self.seen.verdict(run).started
        return run.state is ContainerState.EXITED and run.exit_code == 0

    def run_in(self, name: str, box: Box) -> Run | None:
        run = self.seen.newest(name)
        return run if run is not None and run.box == box.id else None

    def look_after(self, container: Container, kind: Kind, box: Box) -> None:
        """Start, replace or leave alone one container."""
        run = self.seen.newest(container.name)
        if run is None:
            self.start(container, box, None)
        elif run.state in ALIVE:
            if run.box == box.id:
                self.watch_over(container, run)
            else:
                self.stop_run(run, Cause.SANDBOX, f"Stopping container {run.name}", grace_of(self.pod))
        elif run.box != box.id and kind is Kind.INIT:
            self.start(container, box, run)
        elif is_restarted(container, kind, self.pod, run, self.seen):
            self.restart(container, box, run)

    def restart(self, container: Container, box: Box, run: Run) -> None:
        due = ready_at(run)
        if due is None or due <= self.now:
            self.start(container, box, run)
        else:
            self.wake_at(due)

    def watch_over(self, container: Container, run: Run) -> None:
        """Stop a running container that its probes or a changed spec have condemned."""
        verdict = self.seen.verdict(run)
        if run.state is ContainerState.UNKNOWN:
            self.stop_run(run, Cause.SANDBOX, f"Container {run.name} is in unknown state", grace_of(self.pod))
        elif run.hash and run.hash != container_hash(container):
            self.stop_run(
                run,
                Cause.CHANGED,
                f"Container {run.name} definition changed, will be restarted",
                grace_of(self.pod),
            )
        elif verdict.failed:
            grace = verdict.grace if verdict.grace is not None else grace_of(self.pod)
            restarts = container.restartPolicy == "Always" or policy_of(container, self.pod) != "Never"
            message = f"Container {run.name} {verdict.failed}"
            if restarts:
                message += ", will be restarted"
            self.stop_run(run, Cause.PROBE, message, max(grace, 1))

    def start(self, container: Container | EphemeralContainer, box: Box, last: Run | None) -> None:
        """One start at a time, in order: a container may rely on those before it having begun."""
        if not self.seen.mounted or self.is_starting():
            return
        attempt = self.next_attempt(container.name, last)
        self.do(Start(name=container.name, box=box.id, attempt=attempt, backoff=next_backoff(last)))

    def is_starting(self) -> bool:
        return any(key.startswith("start:") for key in self.seen.busy) or any(
            isinstance(instruction, Start) for instruction in self.instructions
        )

    def next_attempt(self, name: str, last: Run | None) -> int:
        if last is not None:
            return last.attempt + 1
        old = old_status(self.pod, name)
        return attempt_after(old) if old is not None else 0

    def prune(self) -> None:
        """Keep one dead instance of each container beside the current one, for its log and exit code."""
        kept: dict[str, int] = {}
        for run in self.seen.runs:
            count = kept[run.name] = kept.get(run.name, 0) + 1
            if count > 2 and run.state not in ALIVE:
                self.do(Remove(run=run.id))
        homes = {run.box for run in self.seen.runs}
        for box in self.seen.boxes[1:]:
            if not box.ready and box.id not in homes:
                self.do(RemoveSandbox(box=box.id))

    # The way down.

    def stop(self) -> bool:
        """True once nothing is left that the node does for this pod."""
        alive = self.alive()
        if alive:
            self.stop_runs(alive)
            return False
        if any(key.startswith(UNDER_WAY) for key in self.seen.busy):
            return False
        standing = [box for box in self.seen.boxes if box.ready]
        for box in standing:
            self.do(StopSandbox(box=box.id))
        if standing:
            return False
        if not self.seen.unmounted:
            self.do(Unmount())
            return False
        if self.is_to_vanish():
            self.vanish()
        return True

    def is_to_vanish(self) -> bool:
        return bool(self.pod.metadata.deletionTimestamp) or self.seen.gone

    def vanish(self) -> None:
        if not self.seen.gone:
            self.do(Delete())
        for box in self.seen.boxes:
            self.do(RemoveSandbox(box=box.id))

    def stop_runs(self, alive: list[Run]) -> None:
        since = self.seen.stopping_since or self.now
        left = (since + timedelta(seconds=grace_of(self.pod)) - self.now).total_seconds()
        sidecars = [c.name for c in self.pod.spec.initContainers if c.restartPolicy == "Always"]
        mains = [run for run in alive if run.name not in sidecars]
        if not mains:
            last = max(alive, key=lambda run: sidecars.index(run.name))
            mains = [run for run in alive if run.name == last.name]
        for run in mains:
            self.stop_run(run, Cause.POD, f"Stopping container {run.name}", max(left, LEAST_GRACE))
