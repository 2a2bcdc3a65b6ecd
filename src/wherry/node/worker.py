"""Worker: one pod on this node. Gathers what is known, asks the lifecycle, carries out what it says.

It sleeps until something happens: the API changes the pod, the runtime tells of a container, a probe
changes its mind, an instruction is done, a moment has come. Then it looks at everything once more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from wherry.api.core.container import Container
from wherry.api.core.pod import Pod
from wherry.api.core.podstatus import PodStatus
from wherry.machinery.errors import Conflict, NotFound, StatusError
from wherry.machinery.schema import edit
from wherry.node import resources
from wherry.node.facts import (
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
    Verdict,
    kind_of_containers,
)
from wherry.node.identity import full_name
from wherry.node.images import PullFailure
from wherry.node.lifecycle import advance, grace_of
from wherry.node.podstatus import old_status
from wherry.node.probes import Prober, Subject
from wherry.node.runtimes.interface import ContainerState, RuntimeFailure
from wherry.node.starting import Failed, Starter, container_of
from wherry.node.statuses import PodStatuses
from wherry.node.statuspatch import overlaid
from wherry.node.stopping import Stopper
from wherry.node.tools import Tools
from wherry.node.volumes.interface import VolumeFailure
from wherry.node.volumes.podvolumes import PodVolumes

log = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = 0.5, 10.0  # seconds before what failed is tried again
EARLIER = timedelta(seconds=1)  # a stop is begun anew if its deadline has moved by more than this


class PodWorker:
    """Use `update`, `remove` and `wake` from outside; `run` ends when nothing is left of the pod."""

    def __init__(
        self, pod: Pod, tools: Tools, *, rejected: Failure | None = None, gone: bool = False
    ) -> None:
        uid = pod.metadata.uid
        self.pod = pod
        self.gone = gone
        self.rejected = rejected
        self.stopping = False
        self._tools = tools
        self._own: PodStatus | None = None
        self._statuses = PodStatuses(tools.client, tools.spawn, pod)
        self._volumes = PodVolumes(
            tools.config.pod_folder(uid),
            tools.objects,
            lambda: self._starter.surroundings(self._ips()),
            tools.clock,
            may_mount=tools.config.may_mount,
        )
        self._starter = Starter(tools, self._volumes)
        self._stopper = Stopper(tools)
        self.view = tools.observer.view(uid, pod.metadata.namespace, pod.metadata.name)
        self._adopted = frozenset(self.view.runs)
        self._mounted = False
        self._unmounted = not self._volumes.folder.exists()
        self._probers: dict[str, Prober] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stops: dict[str, Stop] = {}
        self._failures: dict[str, Failure] = {}
        self._tries: dict[str, int] = {}
        self._done: set[str] = set()
        self._announced: set[tuple[str, int]] = set()
        self._stopping_since: datetime | None = None
        self._changed = asyncio.Event()
        self._refresh_due = False

    @property
    def uid(self) -> str:
        return self.pod.metadata.uid

    @property
    def is_over(self) -> bool:
        """Whether the pod has run to its end (or was turned away), so that its share of the node is free."""
        return self.rejected is not None or self.status.phase in ("Succeeded", "Failed")

    @property
    def status(self) -> PodStatus:
        return overlaid(self.pod.status, self._own)

    @property
    def current(self) -> Pod:
        """The pod with the status that the node sees now."""
        return edit(self.pod, status=self.status)

    # From outside.

    def update(self, pod: Pod) -> None:
        self.pod = pod
        self._statuses.heard(pod)
        self._refresh_due = True
        self.wake()

    def remove(self, pod: Pod) -> None:
        """The API has no such pod any more."""
        self.pod = pod
        self.gone = True
        self.wake()

    def refresh_volumes(self) -> None:
        """Something that the pod's volumes show has changed."""
        self._refresh_due = True
        self.wake()

    def wake(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        try:
            while not self._is_finished(plan := self._step()):
                await self._sleep(plan.wake)
            await asyncio.to_thread(shutil.rmtree, self._log_folder(), ignore_errors=True)
        finally:
            self._statuses.stop()
            for prober in self._probers.values():
                prober.stop()

    async def _sleep(self, until: datetime | None) -> None:
        refresh = self._volumes.refresh_at if self._mounted else None
        moments = [moment for moment in (until, refresh) if moment is not None]
        if not moments:
            await self._changed.wait()
            return
        left = (min(moments) - self._tools.clock.now()).total_seconds()
        try:
            async with asyncio.timeout(max(left, 0.001)):
                await self._changed.wait()
        except TimeoutError:
            pass  # the moment has come

    def _is_finished(self, plan: Plan) -> bool:
        return self.gone and plan.finished and not self._tasks and not self.view.boxes

    def _step(self) -> Plan:
        """One look at everything."""
        self._changed.clear()
        self._tend_probes()
        pod = self.current
        now = self._tools.clock.now()
        plan = advance(pod, self._seen(), now)
        self._own = plan.status
        if not self.gone:
            self._statuses.tell(plan.status)
        self._announce(plan.status)
        if plan.stopping and not self.stopping:
            self._begin_to_stop(now)
        for instruction in plan.instructions:
            self._carry_out(instruction)
        if not plan.stopping:
            self._refresh(now)
        return plan

    def _announce(self, status: PodStatus) -> None:
        """Once for each end of a container: that its restart has to wait."""
        for each in (*status.initContainerStatuses, *status.containerStatuses):
            waiting = each.state.waiting if each.state else None
            end = (each.name, each.restartCount)
            if waiting is None or waiting.reason != "CrashLoopBackOff" or end in self._announced:
                continue
            self._announced.add(end)
            message = f"Back-off restarting failed container {each.name} in pod {full_name(self.pod)}"
            self._tools.recorder.pod_event(self.pod, "Warning", "BackOff", message, each.name)

    def _seen(self) -> Seen:
        return Seen(
            boxes=self.view.newest_boxes(),
            runs=self.view.newest_runs(),
            verdicts={run: prober.verdict for run, prober in self._probers.items()},
            condemned=self._stopper.condemned,
            failures=self._failures,
            busy=frozenset(self._tasks) | self._done,
            mounted=self._mounted,
            unmounted=self._unmounted,
            rejected=self.rejected,
            stopping_since=self._stopping_since,
            gone=self.gone,
            host_ips=self._tools.config.host_ips,
            runtime=self._tools.version.name,
        )

    def _ips(self) -> tuple[str, ...]:
        if self.pod.spec.hostNetwork:
            return self._tools.config.host_ips
        return next((box.ips for box in self.view.newest_boxes() if box.ready), ())

    def _host(self) -> str:
        return next(iter(self._ips()), self._tools.config.node_ip)

    def _begin_to_stop(self, now: datetime) -> None:
        """What is being started is given up; what has been started goes the way of the rest."""
        self.stopping = True
        self._stopping_since = now
        for key, task in self._tasks.items():
            if key.startswith("start:") or key == "mount":
                task.cancel()
        for prober in self._probers.values():
            prober.stop(readiness_too=False)

    # Instructions.

    def _carry_out(self, instruction: Instruction) -> None:
        key = instruction.key
        if key in self._tasks:
            if not isinstance(instruction, Stop) or not self._is_earlier(instruction):
                return
            self._tasks[key].cancel()
        if isinstance(instruction, Stop):
            self._stops[key] = instruction
        self._tasks[key] = self._tools.spawn(self._do(instruction))

    def _is_earlier(self, stop: Stop) -> bool:
        known = self._stops.get(stop.key)
        return known is None or stop.deadline < known.deadline - EARLIER

    async def _do(self, instruction: Instruction) -> None:
        key = instruction.key
        task = asyncio.current_task()
        try:
            await self._perform(instruction)
            self._failures.pop(key, None)
            self._tries.pop(key, None)
        except PullFailure as error:
            self._failures[key] = error.failure
        except Failed as error:
            self._note_failure(key, error.failure.reason, error.failure.message)
        except VolumeFailure as error:
            self._tools.recorder.pod_event(self.pod, "Warning", "FailedMount", str(error))
            self._note_failure(key, "", str(error))
        except (RuntimeFailure, StatusError, OSError, TimeoutError) as error:
            self._note_failure(key, "", str(error))
        except Exception as error:  # a mistake in handling one pod must not end the others
            log.exception("A step of a pod met something unexpected.", extra={"step": key})
            self._note_failure(key, "", repr(error))
        finally:
            if self._tasks.get(key) is task:
                del self._tasks[key]
            self.wake()

    def _note_failure(self, key: str, reason: str, message: str) -> None:
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        delay = min(FIRST_RETRY * 2 ** min(tries - 1, 10), LONGEST_RETRY)
        until = self._tools.clock.now() + timedelta(seconds=delay)
        self._failures[key] = Failure(reason=reason, message=message, until=until)
        details = {"pod": self.pod.metadata.name, "step": key, "error": message}
        log.info("A step of a pod failed and will be tried again.", extra=details)

    async def _perform(self, instruction: Instruction) -> None:
        runtime = self._tools.runtime
        match instruction:
            case Mount():
                await self._mount()
            case Unmount():
                await self._unmount()
            case StartSandbox():
                await self._starter.start_sandbox(self.pod, instruction)
            case Start():
                await self._start(instruction)
            case Stop():
                await self._stopper.stop(self.pod, instruction, self._host())
            case StopSandbox(box=box):
                await runtime.stop_sandbox(box)
                await self._tools.observer.look_at(box)
            case RemoveSandbox(box=box):
                await runtime.remove_sandbox(box)
                await self._look_again()
            case Remove(run=run):
                await self._remove(run)
            case Delete():
                await self._delete()

    async def _mount(self) -> None:
        self._unmounted = False
        self._tools.objects.hold(self.pod)
        self._volumes.folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        await self._volumes.set_up(self.pod)
        self._mounted = True

    async def _unmount(self) -> None:
        tools = self._tools
        await self._volumes.tear_down()
        tools.objects.release(self.uid)
        if tools.config.may_mount and tools.status.cgroup_driver == "cgroupfs":
            tools.cgroups.remove(resources.cgroup_parent(self.pod, tools.config.cgroup_root))
        self._mounted, self._unmounted = False, True

    async def _start(self, start: Start) -> None:
        try:
            await self._starter.start(self.pod, start, self._ips())
        except asyncio.CancelledError:
            await asyncio.shield(self._look_for_containers(start.box))
            raise
        except Failed as error:
            if error.failure.reason == "PostStartHookError":
                await self._stop_unstarted(start, error.failure.message)
            raise

    async def _stop_unstarted(self, start: Start, message: str) -> None:
        run = next((run for run in self.view.newest_runs() if run.name == start.name), None)
        if run is not None:
            await self._tools.runtime.stop_container(run.id, grace_of(self.pod))
            await self._tools.observer.look_at(run.id)

    async def _look_for_containers(self, box: str) -> None:
        """A start was given up somewhere on its way: see how far it came."""
        try:
            for container in await self._tools.runtime.list_containers(box):
                await self._tools.observer.look_at_run(self.uid, container.id, box)
        except RuntimeFailure as error:
            log.info("A pod could not be looked at.", extra={"pod": self.uid, "error": str(error)})

    async def _look_again(self) -> None:
        for thing in (*self.view.boxes, *self.view.runs):
            await self._tools.observer.look_at(thing)

    async def _remove(self, run: str) -> None:
        log_file = self.view.logs.get(run, "")
        await self._tools.runtime.remove_container(run)
        await self._tools.observer.look_at(run)
        self._stopper.forget(run)
        prober = self._probers.pop(run, None)
        if prober is not None:
            prober.stop()
        if log_file:
            await asyncio.to_thread(remove_logs, Path(log_file))

    async def _delete(self) -> None:
        """Only after the API knows how the pod ended."""
        await self._statuses.told()
        meta = self.pod.metadata
        with contextlib.suppress(NotFound, Conflict):  # somebody else was faster
            await self._tools.client.delete(Pod, meta.name, meta.namespace, uid=meta.uid, grace=0)
        self._done.add(Delete.key)

    def _log_folder(self) -> Path:
        meta = self.pod.metadata
        return self._tools.config.pod_logs(meta.namespace, meta.name, meta.uid)

    # Probes and volumes.

    def _tend_probes(self) -> None:
        kinds = kind_of_containers(self.pod)
        for run in self.view.runs.values():
            kind = kinds.get(run.name)
            if kind not in (Kind.MAIN, Kind.SIDECAR) or f"start:{run.name}" in self._tasks:
                continue
            known = self._probers.get(run.id)
            if run.state is not ContainerState.RUNNING:
                if known is not None:
                    known.stop()
            elif known is None and not self.stopping:
                self._probers[run.id] = self._prober(run)

    def _prober(self, run: Run) -> Prober:
        container = container_of(self.pod, run.name)
        assert isinstance(container, Container)

        def report(type: str, reason: str, message: str) -> None:
            self._tools.recorder.pod_event(self.pod, type, reason, message, run.name)

        return Prober(
            Subject(container=container, run=run.id, host=self._host(), started_at=run.started_at),
            self._tools.runtime,
            self._tools.clock,
            self._tools.spawn,
            report,
            self.wake,
            adopted=self._adopted_verdict(run),
        )

    def _adopted_verdict(self, run: Run) -> Verdict | None:
        """A run from before this agent's start is for now what the API was told of it."""
        if run.id not in self._adopted:
            return None
        old = old_status(self.pod, run.name)
        if old is None or not old.containerID.endswith(f"//{run.id}"):
            return None
        return Verdict(started=bool(old.started), ready=bool(old.ready))

    def _refresh(self, now: datetime) -> None:
        due = self._volumes.refresh_at
        if not self._mounted or not (self._refresh_due or (due is not None and due <= now)):
            return
        if "refresh" not in self._tasks:
            self._refresh_due = False
            self._tasks["refresh"] = self._tools.spawn(self._do_refresh())

    async def _do_refresh(self) -> None:
        try:
            await self._volumes.refresh(self.pod)
        except VolumeFailure as error:
            self._tools.recorder.pod_event(self.pod, "Warning", "FailedMount", str(error))
        finally:
            del self._tasks["refresh"]
            if self._refresh_due:
                self.wake()


def remove_logs(path: Path) -> None:
    """A log file with those it was rotated into."""
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink(missing_ok=True)
