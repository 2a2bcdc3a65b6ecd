"""Taint eviction: Pods leave nodes with NoExecute taints that they do not tolerate, or not for longer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from wherry.api.core.affinity import Taint
from wherry.api.core.node import Node
from wherry.api.core.pod import Pod
from wherry.api.core.podstatus import PodCondition
from wherry.controllers.contract import (
    Delete,
    Emit,
    Index,
    Key,
    Observed,
    Patch,
    RequeueAfter,
    Round,
    Watch,
    controller,
)
from wherry.controllers.pods import DISRUPTION_TARGET, NODE, by_node, disrupted
from wherry.controllers.tolerations import stay
from wherry.machinery import times

REASON = "DeletionByTaintManager"
MESSAGE = "Taint manager: deleting due to NoExecute taint"


def evicting(node: Node) -> tuple[Taint, ...]:
    return tuple(taint for taint in node.spec.taints if taint.effect == "NoExecute")


def node_of(pod: Pod, seen: Observed) -> Iterator[Key]:
    node = seen.get(Node, pod.spec.nodeName) if pod.spec.nodeName else None
    if node is not None and evicting(node):
        yield ("", node.metadata.name)


def pod_matters(old: Pod, new: Pod) -> bool:
    return old.spec.nodeName != new.spec.nodeName or old.spec.tolerations != new.spec.tolerations


@controller(
    "taint-eviction-controller",
    reconciles=Node,
    watches=(Watch(Pod, node_of, when=pod_matters),),
    indices=(Index(Pod, NODE, by_node),),
    when=lambda old, new: evicting(old) != evicting(new),
    timed={Node: evicting},
    writes={"pods": ("delete",), "pods/status": ("patch",)},
    account="node-controller",
    source="taint-eviction-controller",
)
def reconcile(node: Node, seen: Observed) -> Round:
    taints = evicting(node)
    if not taints:
        return
    since = _since(taints, seen.changed(Node, node.metadata.name))
    waits: list[timedelta] = []
    for pod in seen.find(Pod, NODE, node.metadata.name):
        if pod.metadata.deletionTimestamp:
            continue
        allowed = stay(taints, pod.spec.tolerations)
        if allowed is None:
            continue
        left = max(since, _born(pod, since)) + allowed - seen.now
        if allowed and left > timedelta():
            waits.append(left)
        else:
            yield from _evict(pod, seen.now)
    if waits:
        yield RequeueAfter(min(waits))


def _since(taints: Sequence[Taint], seen: datetime) -> datetime:
    """When the latest taint came: as written on it, or else as we saw it."""
    written = [times.parse(taint.timeAdded) for taint in taints if taint.timeAdded]
    return max(written) if len(written) == len(taints) else seen


def _born(pod: Pod, default: datetime) -> datetime:
    """A Pod made after the taint gets its whole time."""
    created = pod.metadata.creationTimestamp
    return times.parse(created) if created else default


def _evict(pod: Pod, now: datetime) -> Iterator[Emit | Patch | Delete]:
    name = f"{pod.metadata.namespace}/{pod.metadata.name}"
    yield Emit(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {name}")
    condition = PodCondition(type=DISRUPTION_TARGET, status="True", reason=REASON, message=MESSAGE)
    body = {"metadata": {"uid": pod.metadata.uid}, "status": disrupted(pod, condition, now)}
    yield Patch(pod, body, subresource="status")
    yield Delete(pod)
