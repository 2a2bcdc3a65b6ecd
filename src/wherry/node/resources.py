"""Resources: from requests and limits to what the kernel enforces, and where in the cgroup tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wherry.api.core.container import Container, EphemeralContainer
from wherry.api.core.pod import Pod
from wherry.api.core.podresources import UNIT, add, amounts, pod_limits, pod_requests
from wherry.machinery import quantity
from wherry.node.runtimes.interface import Resources, Value

CPU_PERIOD = 100_000  # microseconds
LEAST_QUOTA = 1_000  # microseconds
LEAST_SHARES, MOST_SHARES = 2, 262_144
GUARANTEED_OOM, BEST_EFFORT_OOM = -997, 1000
CRITICAL_PRIORITY = 2_000_000_000
CGROUP_ROOT = "/wherry"

COMPUTE = ("cpu", "memory")


class Machine(Value):
    """What there is to share out, in millicores and bytes."""

    cpu: int = 1000
    memory: int = 1 << 30


def qos_class(pod: Pod) -> str:
    """Guaranteed, Burstable or BestEffort, from the requests and limits of cpu and memory."""
    parts = [container.resources for container in (*pod.spec.initContainers, *pod.spec.containers)]
    if pod.spec.resources.requests or pod.spec.resources.limits:
        parts = [pod.spec.resources]
    requests, limits = (
        [{name: amount for name, amount in amounts(each).items() if name in COMPUTE} for each in group]
        for group in ([part.requests for part in parts], [part.limits for part in parts])
    )
    if not any(requests) and not any(limits):
        return "BestEffort"
    for asked, allowed in zip(requests, limits, strict=True):
        if set(allowed) != set(COMPUTE):
            return "Burstable"
        if any(asked.get(name, allowed[name]) != allowed[name] for name in COMPUTE):
            return "Burstable"
    return "Guaranteed"


def milli_cpu(amounts: Mapping[str, str]) -> int:
    return quantity.parse(amounts["cpu"]).milli if "cpu" in amounts else 0


def memory_bytes(amounts: Mapping[str, str]) -> int:
    return quantity.parse(amounts["memory"]).value if "memory" in amounts else 0


def shares_of(milli: int) -> int:
    """cpu.shares for a request: 1024 stand for one core."""
    return min(max(milli * 1024 // 1000, LEAST_SHARES), MOST_SHARES)


def quota_of(milli: int) -> int:
    """Microseconds per period for a limit; 0 for none."""
    return max(milli * CPU_PERIOD // 1000, LEAST_QUOTA) if milli else 0


def container_resources(container: Container | EphemeralContainer, pod: Pod, machine: Machine) -> Resources:
    """What the runtime enforces for one container."""
    requests, limits = container.resources.requests, container.resources.limits
    # Who states only a limit asks for as much.
    cpu = milli_cpu(requests) if "cpu" in requests else milli_cpu(limits)
    return Resources(
        cpu_shares=shares_of(cpu),
        cpu_period=CPU_PERIOD,
        cpu_quota=quota_of(milli_cpu(limits)),
        memory_limit=memory_bytes(limits),
        oom_score_adj=oom_score(container, pod, machine),
    )


def oom_score(container: Container | EphemeralContainer, pod: Pod, machine: Machine) -> int:
    """Who asked for a larger part of the memory is killed later."""
    if (pod.spec.priority or 0) >= CRITICAL_PRIORITY:
        return GUARANTEED_OOM
    match qos_class(pod):
        case "Guaranteed":
            return GUARANTEED_OOM
        case "BestEffort":
            return BEST_EFFORT_OOM
    asked = memory_bytes(container.resources.requests)
    score = 1000 - 1000 * asked // max(machine.memory, 1)
    return min(max(score, 3), BEST_EFFORT_OOM - 1)  # 3: above every guaranteed one


def pod_resources(pod: Pod) -> Resources:
    """What the pod's own cgroup enforces: limits only where the pod or every container has one."""
    requests, limits = pod_requests(pod), pod_limits(pod)
    containers = (*pod.spec.initContainers, *pod.spec.containers)

    def bounded(name: str) -> int:
        says = name in pod.spec.resources.limits
        return limits.get(name, 0) if says or all(name in c.resources.limits for c in containers) else 0

    return Resources(
        cpu_shares=shares_of(requests.get("cpu", 0) * 1000 // UNIT),
        cpu_period=CPU_PERIOD,
        cpu_quota=quota_of(bounded("cpu") * 1000 // UNIT),
        memory_limit=bounded("memory") // UNIT,
    )


def cgroup_parent(pod: Pod, root: str, driver: str = "cgroupfs") -> str:
    """Where the pod's containers live: `/wherry/burstable/pod<uid>`, or the slice of that name."""
    qos = qos_class(pod).lower()
    levels = [*filter(None, root.strip("/").split("/"))]
    if qos != "guaranteed":
        levels.append(qos)
    uid = pod.metadata.uid
    if driver == "systemd":
        return "-".join([*levels, f"pod{uid.replace('-', '_')}"]) + ".slice"
    return "/" + "/".join([*levels, f"pod{uid}"])


def insufficient(pod: Pod, others: Iterable[Pod], allocatable: Mapping[str, str]) -> tuple[str, str] | None:
    """Why the node has no room for `pod`, as a reason and a message; None if it has."""
    others = list(others)
    room = amounts(allocatable)
    most = quantity.parse(allocatable["pods"]).value if "pods" in allocatable else None
    if most is not None and len(others) + 1 > most:
        return _short("pods", 1, len(others), most)
    used: dict[str, int] = {}
    for other in others:
        add(used, pod_requests(other))
    for name, asked in pod_requests(pod).items():
        taken, capacity = used.get(name, 0), room.get(name, 0)
        if asked + taken > capacity:
            scale = 10**6 if name == "cpu" else 10**9
            return _short(name, asked // scale, taken // scale, capacity // scale)
    return None


def _short(name: str, asked: int, used: int, capacity: int) -> tuple[str, str]:
    return (
        f"OutOf{name}",
        "Pod was rejected: Node didn't have enough resource: "
        f"{name}, requested: {asked}, used: {used}, capacity: {capacity}",
    )
