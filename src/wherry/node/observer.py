"""Observer: what the runtime shows of every pod: read once, then kept up to date by its events."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from wherry.node import identity
from wherry.node.facts import Box, Run
from wherry.node.logformat import tail_text
from wherry.node.runtimes.interface import (
    ContainerState,
    ContainerStatus,
    NotFound,
    Runtime,
    Sandbox,
    SandboxState,
)

LONGEST_MESSAGE = 4096  # bytes of a container's last words
LONGEST_LOG_MESSAGE, LOG_LINES = 2048, 80
EARLIEST = datetime.min.replace(tzinfo=UTC)
AT_ONCE = 16  # status calls


class PodView:
    """Sandboxes and containers of one pod, by id."""

    def __init__(self, namespace: str, name: str) -> None:
        self.namespace = namespace
        self.name = name
        self.boxes: dict[str, Box] = {}
        self.runs: dict[str, Run] = {}
        self.logs: dict[str, str] = {}  # run to log file

    def newest_boxes(self) -> tuple[Box, ...]:
        return tuple(sorted(self.boxes.values(), key=_age, reverse=True))

    def newest_runs(self) -> tuple[Run, ...]:
        return tuple(sorted(self.runs.values(), key=_age, reverse=True))


def _age(each: Box | Run) -> tuple[datetime, int]:
    return (each.created_at or EARLIEST, each.attempt)


class Observer:
    """All pods that the runtime knows, by uid."""

    def __init__(self, runtime: Runtime, node: str) -> None:
        self.pods: dict[str, PodView] = {}
        self._node = node
        self._runtime = runtime
        self._owners: dict[str, str] = {}  # sandbox or container to pod
        self._ends: dict[str, list[asyncio.Future[None]]] = {}  # run to those who wait for its end

    def view(self, uid: str, namespace: str, name: str) -> PodView:
        return self.pods.setdefault(uid, PodView(namespace, name))

    def forget(self, uid: str) -> None:
        view = self.pods.pop(uid, None)
        if view is not None:
            for thing in (*view.boxes, *view.runs):
                self._owners.pop(thing, None)

    async def relist(self) -> set[str]:
        """Look at everything anew; the uids of the pods of which something is different now.

        What came while the runtime was making its lists is on neither, and not gone for that.
        """
        known_boxes = {box for view in self.pods.values() for box in view.boxes}
        known_runs = {run for view in self.pods.values() for run in view.runs}
        sandboxes, containers = await asyncio.gather(
            self._runtime.list_sandboxes(), self._runtime.list_containers()
        )
        sandboxes = [each for each in sandboxes if each.annotations.get(identity.NODE) == self._node]
        changed = await self._take_sandboxes(sandboxes, known_boxes)
        gone = known_runs - {container.id for container in containers}
        for uid, view in self.pods.items():
            for run in gone & view.runs.keys():
                del view.runs[run]
                changed.add(uid)
        stale = []
        for container in containers:
            uid = container.labels.get(identity.POD_UID, self._owners.get(container.sandbox, ""))
            known = self.pods[uid].runs.get(container.id) if uid in self.pods else None
            if uid in self.pods and (known is None or known.state is not container.state):
                stale.append((uid, container.id, container.sandbox))
        gate = asyncio.Semaphore(AT_ONCE)

        async def look(uid: str, run: str, box: str) -> None:
            async with gate:
                await self.look_at_run(uid, run, box)

        await asyncio.gather(*(look(*each) for each in stale))
        return changed | {uid for uid, _, _ in stale}

    async def _take_sandboxes(self, sandboxes: Sequence[Sandbox], known_boxes: set[str]) -> set[str]:
        changed: set[str] = set()
        gone = known_boxes - {sandbox.id for sandbox in sandboxes}
        for uid, view in self.pods.items():
            for box in gone & view.boxes.keys():
                del view.boxes[box]
                changed.add(uid)
        for sandbox in sandboxes:
            view = self.view(sandbox.uid, sandbox.namespace, sandbox.name)
            known = view.boxes.get(sandbox.id)
            if known is None or known.ready != (sandbox.state is SandboxState.READY):
                await self.look_at_box(sandbox.uid, sandbox.id)
                changed.add(sandbox.uid)
        return changed

    def owner_of(self, thing: str) -> str | None:
        """The pod that a sandbox or container belongs to, as far as it is known here."""
        return self._owners.get(thing)

    async def look_at(self, thing: str) -> str | None:
        """Look at a known sandbox or container anew; its pod."""
        uid = self._owners.get(thing)
        if uid is None:
            return None
        view = self.pods[uid]
        if thing in view.boxes:
            await self.look_at_box(uid, thing)
        else:
            await self.look_at_run(uid, thing, view.runs[thing].box if thing in view.runs else "")
        return uid

    async def look_at_box(self, uid: str, box: str) -> None:
        try:
            status = await self._runtime.sandbox_status(box)
        except NotFound:
            self._drop(uid, box)
            return
        view = self.view(uid, status.namespace, status.name)
        self._owners[box] = uid
        view.boxes[box] = Box(
            id=box,
            attempt=status.attempt,
            ready=status.state is SandboxState.READY,
            ips=status.ips,
            created_at=status.created_at,
        )

    async def look_at_run(self, uid: str, run: str, box: str) -> None:
        try:
            status = await self._runtime.container_status(run)
        except NotFound:
            self._drop(uid, run)
            return
        view = self.pods.get(uid)
        if view is None:
            return
        self._owners[run] = uid
        view.logs[run] = status.log_path
        view.runs[run] = run_of(status, box)
        if status.state is ContainerState.EXITED:
            self._tell_end(run)

    async def ended(self, uid: str, run: str) -> None:
        """Wait until a container has exited or is gone."""
        view = self.pods.get(uid)
        known = view.runs.get(run) if view else None
        if known is None or known.state is ContainerState.EXITED:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ends.setdefault(run, []).append(waiter)
        await waiter

    def _tell_end(self, run: str) -> None:
        for waiter in self._ends.pop(run, ()):
            if not waiter.done():
                waiter.set_result(None)

    def _drop(self, uid: str, thing: str) -> None:
        self._owners.pop(thing, None)
        self._tell_end(thing)
        view = self.pods.get(uid)
        if view is not None:
            view.boxes.pop(thing, None)
            view.runs.pop(thing, None)
            view.logs.pop(thing, None)


def run_of(status: ContainerStatus, box: str) -> Run:
    annotations = status.annotations
    exited = status.state is ContainerState.EXITED
    return Run(
        id=status.id,
        name=status.labels.get(identity.CONTAINER_NAME, status.name),
        box=box,
        attempt=_number(annotations.get(identity.RESTART_COUNT, ""), status.attempt),
        state=status.state,
        created_at=status.created_at,
        started_at=status.started_at,
        finished_at=status.finished_at,
        exit_code=status.exit_code,
        reason=status.reason,
        message=last_words(status) if exited else "",
        image=status.image,
        image_ref=status.image_ref,
        hash=annotations.get(identity.HASH, ""),
        backoff=_number(annotations.get(identity.BACKOFF, ""), 0),
    )


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdigit() else otherwise


def last_words(status: ContainerStatus) -> str:
    """What an ended container left in its termination message file, or at the end of its log."""
    annotations: Mapping[str, str] = status.annotations
    said = _beginning(annotations.get(identity.MESSAGE_FILE, ""))
    wants_log = annotations.get(identity.MESSAGE_POLICY) == "FallbackToLogsOnError"
    if not said and wants_log and status.exit_code != 0 and status.log_path:
        said = tail_text(status.log_path, LOG_LINES)[-LONGEST_LOG_MESSAGE:]
    return said or status.message


def _beginning(path: str) -> str:
    if not path:
        return ""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        return file.read(LONGEST_MESSAGE).decode("utf-8", "replace")
