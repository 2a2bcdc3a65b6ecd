"""Pod garbage collector: removes Pods that nobody else will: finished ones beyond a number, lost ones.

Pods are looked at node by node. The node named "" stands for none: finished Pods are counted there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from wherry.api.core.node import Node
from wherry.api.core.pod import Pod
from wherry.api.core.podstatus import PodCondition
from wherry.controllers.contract import (
    Delete,
    Index,
    Key,
    Observed,
    Patch,
    RequeueAfter,
    Round,
    Watch,
    controller,
)
from wherry.controllers.pods import DISRUPTION_TARGET, NODE, by_node, disrupted, is_finished
from wherry.machinery.conditions import has_condition

THRESHOLD = 12500  # finished Pods that are kept
QUARANTINE = timedelta(seconds=40)  # a node that is gone may come back: its Pods are left alone so long
FINISHED = "finished"
NO_NODE: Key = ("", "")
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


def by_end(pod: Pod) -> Iterator[str]:
    if is_finished(pod):
        yield "yes"


def nodes_of(pod: Pod, seen: Observed) -> Iterator[Key]:
    if is_finished(pod) or (pod.metadata.deletionTimestamp and not pod.spec.nodeName):
        yield NO_NODE
    if pod.spec.nodeName and (pod.metadata.deletionTimestamp or _is_missing(pod.spec.nodeName, seen)):
        yield ("", pod.spec.nodeName)


def _is_missing(node: str, seen: Observed) -> bool:
    return seen.get(Node, node) is None


def pod_matters(old: Pod, new: Pod) -> bool:
    return (
        is_finished(old) != is_finished(new)
        or old.spec.nodeName != new.spec.nodeName
        or old.metadata.deletionTimestamp != new.metadata.deletionTimestamp
    )


def node_matters(old: Node, new: Node) -> bool:
    return _is_out_of_service(old) != _is_out_of_service(new)


def _is_out_of_service(node: Node) -> bool:
    """An administrator says that it is off for good: its Pods cannot be running."""
    tainted = any(taint.key == OUT_OF_SERVICE for taint in node.spec.taints)
    return tainted and not has_condition(node.status.conditions, "Ready")


def gone(key: Key, seen: Observed) -> Round:
    """No such node, or no node at all."""
    if key == NO_NODE:
        yield from _unscheduled(seen.find(Pod, NODE, ""))
        yield from _surplus(seen.find(Pod, FINISHED, "yes"))
        return
    orphans = seen.find(Pod, NODE, key[1])
    if not orphans:
        return
    left = seen.gone_since + QUARANTINE - seen.now
    if left > timedelta():
        yield RequeueAfter(left)
        return
    for pod in orphans:
        yield from _end(pod, seen, "PodGC: node no longer exists")


@controller(
    "pod-garbage-collector-controller",
    reconciles=Node,
    watches=(Watch(Pod, nodes_of, when=pod_matters),),
    indices=(Index(Pod, NODE, by_node), Index(Pod, FINISHED, by_end)),
    when=node_matters,
    gone=gone,
    writes={"pods": ("delete",), "pods/status": ("patch",)},
    account="pod-garbage-collector",
    workers=1,
)
def reconcile(node: Node, seen: Observed) -> Round:
    if _is_out_of_service(node):
        for pod in seen.find(Pod, NODE, node.metadata.name):
            if pod.metadata.deletionTimestamp:
                yield from _end(pod, seen, "")


def _unscheduled(pods: Sequence[Pod]) -> Iterator[Delete]:
    for pod in pods:
        if pod.metadata.deletionTimestamp:
            yield Delete(pod, grace=0)


def _surplus(finished: Sequence[Pod]) -> Iterator[Delete]:
    """Evicted ones first, then the oldest."""
    if len(finished) <= THRESHOLD:
        return
    ordered = sorted(
        finished, key=lambda pod: (pod.status.reason != "Evicted", pod.metadata.creationTimestamp)
    )
    for pod in ordered[: len(finished) - THRESHOLD]:
        yield Delete(pod, grace=0)


def _end(pod: Pod, seen: Observed, why: str) -> Iterator[Patch | Delete]:
    """Say that it failed, then delete it at once: there is nobody who could end it gracefully."""
    if not is_finished(pod):
        status: dict[str, object] = {"phase": "Failed"}
        if why:
            condition = PodCondition(
                type=DISRUPTION_TARGET, status="True", reason="DeletionByPodGC", message=why
            )
            status |= disrupted(pod, condition, seen.now)
        yield Patch(pod, {"metadata": {"uid": pod.metadata.uid}, "status": status}, subresource="status")
    yield Delete(pod, grace=0)
