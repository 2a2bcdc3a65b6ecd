"""Node lifecycle controller: says of nodes that are not heard of that they are not, and taints them.

A node is alive while its Lease or its Ready condition's heartbeat changes, by our own clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from wherry.api.coordination.lease import Lease
from wherry.api.core.affinity import Taint
from wherry.api.core.node import Node, NodeCondition
from wherry.api.core.pod import Pod
from wherry.controllers.contract import (
    Emit,
    Index,
    Key,
    Observed,
    Part,
    Patch,
    RequeueAfter,
    Round,
    Update,
    UpdateStatus,
    Watch,
    controller,
)
from wherry.controllers.pods import NODE, by_node, disrupted, ready_condition
from wherry.machinery import times
from wherry.machinery.conditions import find_condition, set_condition
from wherry.machinery.schema import edit

LEASES = "kube-node-lease"
GRACE = timedelta(seconds=50)  # silence after which a node counts as lost
STARTUP_GRACE = timedelta(seconds=60)  # the same for a node that has not said anything yet
RATE, SECONDARY_RATE = 0.1, 0.01  # nodes a second and zone that may begin to lose their Pods
UNHEALTHY_ZONE = 0.55  # share of a zone's nodes that makes us think that it is the network, not they
LARGE_ZONE = 50  # nodes; smaller zones are not emptied at all when they are that unhealthy

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
REGION_LABEL, ZONE_LABEL = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"
WATCHED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
NO_SCHEDULE = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}
OURS = frozenset((*NO_SCHEDULE.values(), UNSCHEDULABLE))


def ready_of(node: Node) -> NodeCondition | None:
    return find_condition(node.status.conditions, "Ready")


def heartbeat(node: Node) -> str:
    condition = ready_of(node)
    return condition.lastHeartbeatTime if condition is not None else ""


def statuses(node: Node) -> list[tuple[str, str]]:
    return [(condition.type, condition.status) for condition in node.status.conditions]


def node_matters(old: Node, new: Node) -> bool:
    """Heartbeats do not: the timer that each round sets finds out whether there were any."""
    return old.spec != new.spec or statuses(old) != statuses(new)


def node_of(pod: Pod, seen: Observed) -> Iterator[Key]:
    """A Pod that comes to a node that is not ready is not either."""
    node = seen.get(Node, pod.spec.nodeName) if pod.spec.nodeName else None
    if node is not None and not _is_ready(node):
        yield ("", node.metadata.name)


@controller(
    "node-lifecycle-controller",
    reconciles=Node,
    watches=(Watch(Pod, node_of, when=lambda old, new: old.spec.nodeName != new.spec.nodeName),),
    reads=(Lease,),
    indices=(Index(Pod, NODE, by_node),),
    when=node_matters,
    timed={Node: heartbeat, Lease: lambda lease: lease.spec.renewTime},
    writes={
        "nodes": ("patch", "update"),
        "nodes/status": ("patch", "update"),
        "pods": ("delete",),
        "pods/status": ("patch", "update"),
    },
    account="node-controller",
)
def reconcile(node: Node, seen: Observed) -> Round:
    left = _time_left(node, seen)
    if left <= timedelta():
        node = yield from _lost(node, seen.now)
    else:
        yield RequeueAfter(left)
    wait = yield from _taint(node, seen)
    if wait is not None:
        yield RequeueAfter(wait)
    if not _is_ready(node) and ready_of(node) is not None:
        yield from _mark_pods(seen.find(Pod, NODE, node.metadata.name), seen.now)


def _is_ready(node: Node) -> bool:
    condition = ready_of(node)
    return condition is not None and condition.status == "True"


def _time_left(node: Node, seen: Observed) -> timedelta:
    """Until the node counts as lost, if nothing more is heard of it."""
    name = node.metadata.name
    heard = seen.changed(Node, name)
    if seen.get(Lease, name, LEASES) is not None:
        heard = max(heard, seen.changed(Lease, name, LEASES))
    grace = GRACE if ready_of(node) is not None else STARTUP_GRACE
    return heard + grace - seen.now


def _lost(node: Node, now: datetime) -> Part[Node]:
    conditions = node.status.conditions
    for type_ in WATCHED:
        present = find_condition(conditions, type_)
        if present is None:
            unknown = NodeCondition(
                type=type_,
                status="Unknown",
                reason="NodeStatusNeverUpdated",
                message="Kubelet never posted node status.",
                lastHeartbeatTime=node.metadata.creationTimestamp,
            )
        elif present.status != "Unknown":
            unknown = edit(
                present,
                status="Unknown",
                reason="NodeStatusUnknown",
                message="Kubelet stopped posting node status.",
                lastTransitionTime="",
            )
        else:
            continue
        conditions = set_condition(conditions, unknown, now)
    if conditions == node.status.conditions:
        return node
    if _is_ready(node):
        name = node.metadata.name
        yield Emit(node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady")
    outcome = yield UpdateStatus(edit(node, status=edit(node.status, conditions=conditions)))
    written = outcome.done[0][1]
    assert isinstance(written, Node)
    return written


def _taint(node: Node, seen: Observed) -> Part[timedelta | None]:
    """Write the taints that the conditions ask for; how long to wait before Pods may be evicted."""
    kept = [taint for taint in node.spec.taints if not _is_ours(taint)]
    wanted = [Taint(key=key, effect="NoSchedule") for key in _keys(node)]
    executing, wait = _executing(node, seen)
    present = {(taint.key, taint.effect): taint for taint in node.spec.taints}
    made = [present.get((taint.key, taint.effect), taint) for taint in (*wanted, *executing)]
    taints = (*kept, *made)
    if set(taints) != set(node.spec.taints):
        yield Update(edit(node, spec=edit(node.spec, taints=taints)))
    return wait


def _is_ours(taint: Taint) -> bool:
    if taint.effect == "NoExecute":
        return taint.key in (NOT_READY, UNREACHABLE)
    return taint.effect == "NoSchedule" and taint.key in OURS


def _keys(node: Node) -> list[str]:
    keys = [NO_SCHEDULE[each] for each in statuses(node) if each in NO_SCHEDULE]
    return [*keys, UNSCHEDULABLE] if node.spec.unschedulable else keys


def _executing(node: Node, seen: Observed) -> tuple[list[Taint], timedelta | None]:
    """The NoExecute taint that the node should have, and, if it must wait for it, how long."""
    condition = ready_of(node)
    if condition is None or condition.status == "True":
        return [], None
    key = NOT_READY if condition.status == "False" else UNREACHABLE
    now = times.format_seconds(seen.now)
    taint = Taint(key=key, effect="NoExecute", timeAdded=now)
    present = [each for each in node.spec.taints if each.effect == "NoExecute" and _is_ours(each)]
    if present:  # its Pods are leaving already: only the reason may be another
        return [taint], None
    wait = _wait(node, seen)
    return ([taint], None) if wait is None else (present, wait)


def _wait(node: Node, seen: Observed) -> timedelta | None:
    """How long the zone's share of evictions is used up; None if this node may go now."""
    zones: dict[tuple[str, str], list[Node]] = {}
    for each in seen.list(Node):
        zones.setdefault(_zone(each), []).append(each)
    mine = zones.get(_zone(node), [node])
    rate = _rate(mine, list(zones.values()))
    if rate == 0:
        return timedelta(seconds=1 / RATE)
    added = [
        times.parse(taint.timeAdded)
        for each in mine
        for taint in each.spec.taints
        if _is_ours(taint) and taint.effect == "NoExecute" and taint.timeAdded
    ]
    left = max(added) + timedelta(seconds=1 / rate) - seen.now if added else timedelta()
    return left if left > timedelta() else None


def _zone(node: Node) -> tuple[str, str]:
    labels = node.metadata.labels
    return labels.get(REGION_LABEL, ""), labels.get(ZONE_LABEL, "")


def _rate(mine: Sequence[Node], zones: Sequence[Sequence[Node]]) -> float:
    """Where every node is lost it is we who are cut off: nobody is evicted then."""
    if len(zones) > 1 and all(not any(map(_is_ready, zone)) for zone in zones):
        return 0
    lost = sum(not _is_ready(each) for each in mine)
    if lost == len(mine):
        return RATE if len(zones) > 1 else 0
    if lost > 2 and lost / len(mine) >= UNHEALTHY_ZONE:
        return SECONDARY_RATE if len(mine) > LARGE_ZONE else 0
    return RATE


def _mark_pods(pods: Sequence[Pod], now: datetime) -> Iterator[Patch | Emit]:
    """What runs on a node that is not ready cannot be counted on."""
    for pod in pods:
        condition = ready_condition(pod)
        if condition is None or condition.status != "True":
            continue
        unready = edit(condition, status="False", lastTransitionTime="")
        body = {"metadata": {"uid": pod.metadata.uid}, "status": disrupted(pod, unready, now)}
        yield Patch(pod, body, subresource="status")
        yield Emit(pod, "Warning", "NodeNotReady", "Node is not ready")
