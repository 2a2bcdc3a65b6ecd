"""Pod view: finds the worker, run and sandbox that a request to the node's server means."""

from __future__ import annotations

from collections.abc import Mapping

from wherry.node.facts import Run
from wherry.node.podstatus import old_status
from wherry.node.runtimes.interface import ContainerState
from wherry.node.worker import PodWorker

WORDS = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


class NotThere(Exception):
    """This node has no such pod or container."""


class Refused(Exception):
    """What was asked for can't be done in this state; the message says why."""


def pod_of(workers: Mapping[str, PodWorker], namespace: str, name: str) -> PodWorker:
    for worker in workers.values():
        meta = worker.pod.metadata
        if meta.name == name and meta.namespace == namespace and not worker.gone:
            return worker
    raise NotThere(f'pod "{name}" not found in namespace "{namespace}" on this node')


def running(worker: PodWorker, container: str) -> Run:
    run = next((run for run in worker.view.newest_runs() if run.name == container), None)
    if run is None or run.state is not ContainerState.RUNNING:
        raise NotThere(f'container not found ("{container}")')
    return run


def ready_sandbox(worker: PodWorker) -> str:
    for box in worker.view.newest_boxes():
        if box.ready:
            return box.id
    raise NotThere(f'pod "{worker.pod.metadata.name}" has no running sandbox')


def logged(worker: PodWorker, container: str, *, previous: bool) -> Run:
    """The run whose log is meant. Refused in upstream's words if there is none."""
    name = worker.pod.metadata.name
    runs = [run for run in worker.view.newest_runs() if run.name == container]
    begun = [run for run in runs if run.state is not ContainerState.CREATED]
    if previous:
        if len(begun) > 1:
            return begun[1]
        raise Refused(f'previous terminated container "{container}" in pod "{name}" not found')
    if begun:
        return begun[0]
    known = old_status(worker.current, container)
    if known is None:
        raise Refused(f"container {container} is not valid for pod {name}")
    waiting = known.state.waiting if known.state else None
    if waiting is None:
        raise Refused(f'container "{container}" in pod "{name}" is not available')
    reason = WORDS.get(waiting.reason, waiting.reason)
    raise Refused(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
