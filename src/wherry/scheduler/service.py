"""Scheduler: watches Pods and Nodes, places one Pod after the other, and has bindings written meanwhile.

A placement is counted at once, before its binding is written: the next Pod sees it. If the binding fails it
is taken back and the Pod tries again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from wherry.api.core.node import Node
from wherry.api.core.pod import Pod
from wherry.api.core.podstatus import PodCondition
from wherry.client.cache import Caches, Change, Key, key_of
from wherry.client.client import Client
from wherry.client.events import Recorder
from wherry.machinery.clock import Clock
from wherry.machinery.conditions import set_condition
from wherry.machinery.errors import NotFound, StatusError
from wherry.machinery.schema import edit
from wherry.scheduler.framework import Verdict, Weighted, explain, judge, rank
from wherry.scheduler.profile import default_profile
from wherry.scheduler.queue import Queue, Waiting
from wherry.scheduler.table import NodeTable, PodRow

log = logging.getLogger(__name__)

NAME = "default-scheduler"
FINISHED = ("Succeeded", "Failed")
BINDINGS = 64  # written at once


class Placed(NamedTuple):
    """A Pod that counts on a node: as it was when it was counted, so that it can be counted out."""

    row: PodRow
    node: str


class Scheduler:
    def __init__(
        self,
        client: Client,
        caches: Caches,
        clock: Clock,
        recorder: Recorder,
        plugins: Sequence[Weighted] | None = None,
    ) -> None:
        self.client = client
        self.clock = clock
        self.recorder = recorder
        self.plugins = tuple(plugins if plugins is not None else default_profile())
        self.table = NodeTable()
        self.queue = Queue(self._retry_on)
        self.pods = caches.of(Pod)
        self.nodes = caches.of(Node)
        self.placed: dict[Key, Placed] = {}
        self._bindings = asyncio.Semaphore(BINDINGS)

    async def run(self) -> None:
        """Place Pods until cancelled."""
        await self.nodes.synced()
        await self.pods.synced()
        ends = [self.nodes.subscribe(self._nodes_changed), self.pods.subscribe(self._pods_changed)]
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    waiting = await self.queue.get()
                    self._place(waiting, group)
        finally:
            for end in ends:
                end()

    def _retry_on(self, plugins: frozenset[str]) -> frozenset[str]:
        """Without nodes nobody minded anything: then a new node is what helps."""
        found = [each.plugin.retry_on for each in self.plugins if each.plugin.name in plugins]
        return frozenset(("Node/added",)).union(*found)

    # what changes

    def _nodes_changed(self, changes: Sequence[Change[Node]]) -> None:
        for change in changes:
            old, new = change.old, change.new
            if new is None:
                self.table.remove(change.object.metadata.name)
                continue
            self.table.put(new)
            if old is None:
                self._recount(new.metadata.name)
                self.queue.changed("Node/added")
                continue
            if old.status.allocatable != new.status.allocatable:
                self.queue.changed("Node/allocatable")
            if old.spec.taints != new.spec.taints or old.spec.unschedulable != new.spec.unschedulable:
                self.queue.changed("Node/taints")
            if old.metadata.labels != new.metadata.labels:
                self.queue.changed("Node/labels")

    def _recount(self, node: str) -> None:
        """A node that came after its Pods: count them in."""
        row = self.table.rows[node]
        for placed in self.placed.values():
            if placed.node == node:
                self.table.add(row, placed.row.requests, placed.row.scored, placed.row.ports)

    def _pods_changed(self, changes: Sequence[Change[Pod]]) -> None:
        for change in changes:
            pod, key = change.new, key_of(change.object)
            if pod is None or pod.status.phase in FINISHED:
                self.queue.remove(key)
                if self._uncount(key):
                    self.queue.changed("Pod/deleted")
            elif pod.spec.nodeName:
                self.queue.remove(key)
                self._count(key, pod, pod.spec.nodeName)
            elif pod.spec.schedulerName == NAME and not pod.spec.schedulingGates:
                if pod.metadata.deletionTimestamp:
                    self.queue.remove(key)
                elif key not in self.placed:
                    self.queue.put(pod)

    def _count(self, key: Key, pod: Pod, node: str) -> None:
        before = self.placed.get(key)
        if before is not None:
            if before.node == node and before.row.pod.spec is pod.spec:
                return
            self._uncount(key)
        row = PodRow(pod, self.table)
        self.placed[key] = Placed(row, node)
        if node in self.table.rows:
            self.table.add(self.table.rows[node], row.requests, row.scored, row.ports)

    def _uncount(self, key: Key) -> bool:
        placed = self.placed.pop(key, None)
        if placed is None:
            return False
        if placed.node in self.table.rows:
            row = placed.row
            self.table.add(self.table.rows[placed.node], row.requests, row.scored, row.ports, -1)
        return True

    # placing

    def _place(self, waiting: Waiting, group: asyncio.TaskGroup) -> None:
        pod = waiting.pod
        row = PodRow(pod, self.table)
        verdict = judge(row, self.table, self.plugins)
        choice = self._choose(row, verdict)
        if choice is None:
            message = explain(len(self.table), verdict.reasons)
            self.queue.park(waiting, verdict.plugins)
            group.create_task(self._say_why(pod, message), name="scheduler: unschedulable")
            return
        node = self.table.names[choice]
        self.placed[key_of(pod)] = Placed(row, node)
        self.table.add(choice, row.requests, row.scored, row.ports)
        group.create_task(self._bind(waiting, node), name="scheduler: bind")

    def _choose(self, row: PodRow, verdict: Verdict) -> int | None:
        """The best of the nodes that are left; among equals chance decides."""
        candidates = np.flatnonzero(verdict.feasible)
        if not len(candidates):
            return None
        if len(candidates) == 1:
            return int(candidates[0])
        scores = rank(row, self.table, self.plugins)[candidates]
        best = candidates[scores == scores.max()]
        return int(best[int(self.clock.random() * len(best))])

    async def _bind(self, waiting: Waiting, node: str) -> None:
        pod = waiting.pod
        key = key_of(pod)
        async with self._bindings:
            try:
                await self.client.bind(pod, node)
            except NotFound:
                self._uncount(key)
                self.queue.remove(key)
            except (StatusError, OSError) as error:
                log.warning(
                    "a binding failed", extra={"pod": "/".join(key), "node": node, "error": str(error)}
                )
                self._uncount(key)
                self.queue.retry(waiting)
            else:
                message = f"Successfully assigned {pod.metadata.namespace}/{pod.metadata.name} to {node}"
                self.recorder.emit(pod, "Normal", "Scheduled", message)

    async def _say_why(self, pod: Pod, message: str) -> None:
        """An event, and a condition that says the same."""
        self.recorder.emit(pod, "Warning", "FailedScheduling", message)
        condition = PodCondition(type="PodScheduled", status="False", reason="Unschedulable", message=message)
        conditions = set_condition(pod.status.conditions, condition, self.clock.now())
        if conditions == pod.status.conditions:
            return
        try:
            await self.client.update_status(edit(pod, status=edit(pod.status, conditions=conditions)))
        except (StatusError, OSError) as error:
            log.info(
                "a Pod's condition was not written", extra={"pod": pod.metadata.name, "error": str(error)}
            )
