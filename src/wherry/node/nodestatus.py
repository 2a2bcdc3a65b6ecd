"""Node status: what the API is told of this node. Pure: machine and runtime in, Node out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from wherry.api.core.affinity import Taint
from wherry.api.core.node import (
    ContainerImage,
    DaemonEndpoint,
    Node,
    NodeAddress,
    NodeCondition,
    NodeDaemonEndpoints,
    NodeFeatures,
    NodeRuntimeHandler,
    NodeRuntimeHandlerFeatures,
    NodeSpec,
    NodeStatus,
    NodeSystemInfo,
)
from wherry.machinery import times
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit
from wherry.node.config import AgentConfig
from wherry.node.machine import Facts
from wherry.node.runtimes.interface import Image, RuntimeStatus, Version

MOST_IMAGES, MOST_NAMES = 50, 5
KEPT_MEMORY = 100 << 20  # bytes that are not for pods: what eviction would keep free
KEPT_STORAGE = 10  # percent


def new_node(config: AgentConfig, machine: Facts) -> Node:
    """The Node as it is registered, without its status."""
    return Node(
        metadata=ObjectMeta(
            name=config.node_name,
            labels=own_labels(config, machine),
            annotations={"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        ),
        spec=NodeSpec(
            podCIDR=config.pod_cidr,
            podCIDRs=(config.pod_cidr,) if config.pod_cidr else (),
            taints=tuple(Taint(key=key, value=value, effect=effect) for key, value, effect in config.taints),
        ),
    )


def own_labels(config: AgentConfig, machine: Facts) -> dict[str, str]:
    return {
        "kubernetes.io/hostname": config.node_name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": machine.architecture,
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": machine.architecture,
        **dict(config.labels),
    }


def capacity(config: AgentConfig, machine: Facts) -> dict[str, str]:
    return {
        "cpu": str(machine.cpus),
        "memory": f"{machine.memory >> 10}Ki",
        "ephemeral-storage": f"{machine.storage >> 10}Ki",
        "pods": str(config.max_pods),
        **{f"hugepages-{size}": _size(amount) for size, amount in machine.hugepages.items()},
    }


def allocatable(config: AgentConfig, machine: Facts) -> dict[str, str]:
    memory = max(machine.memory - KEPT_MEMORY - sum(machine.hugepages.values()), 0)
    return {
        **capacity(config, machine),
        "memory": f"{memory >> 10}Ki",
        "ephemeral-storage": str(machine.storage * (100 - KEPT_STORAGE) // 100),
    }


def _size(amount: int) -> str:
    return f"{amount >> 20}Mi" if amount else "0"


def node_status(
    config: AgentConfig,
    machine: Facts,
    version: Version,
    runtime: RuntimeStatus | None,
    images: Iterable[Image],
    port: int,
    old: NodeStatus,
    now: datetime,
) -> NodeStatus:
    """The whole status; `runtime` None: it does not answer. What others put there stays."""
    addresses = [NodeAddress(type="InternalIP", address=ip) for ip in config.host_ips]
    return edit(
        old,
        capacity=capacity(config, machine),
        allocatable=allocatable(config, machine),
        conditions=conditions(runtime, old.conditions, now),
        addresses=(*addresses, NodeAddress(type="Hostname", address=config.node_name)),
        daemonEndpoints=NodeDaemonEndpoints(kubeletEndpoint=DaemonEndpoint(Port=port)),
        nodeInfo=NodeSystemInfo(
            machineID=machine.machine_id,
            systemUUID=machine.system_uuid,
            bootID=machine.boot_id,
            kernelVersion=machine.kernel,
            osImage=machine.os_image,
            containerRuntimeVersion=f"{version.name}://{version.version.removeprefix('v')}",
            kubeletVersion=config.version,
            operatingSystem="linux",
            architecture=machine.architecture,
        ),
        images=image_list(images),
        runtimeHandlers=handlers(runtime) if runtime else old.runtimeHandlers,
        features=NodeFeatures(supplementalGroupsPolicy=bool(runtime and runtime.supplemental_groups_policy)),
    )


def image_list(images: Iterable[Image]) -> tuple[ContainerImage, ...]:
    """The largest images, with their names."""
    named = [image for image in images if image.tags or image.digests]
    largest = sorted(named, key=lambda image: (-image.size, image.id))[:MOST_IMAGES]
    return tuple(
        ContainerImage(names=(*image.digests, *image.tags)[:MOST_NAMES], sizeBytes=image.size)
        for image in largest
    )


def handlers(runtime: RuntimeStatus) -> tuple[NodeRuntimeHandler, ...]:
    return tuple(
        NodeRuntimeHandler(
            name=each.name,
            features=NodeRuntimeHandlerFeatures(
                recursiveReadOnlyMounts=each.recursive_read_only_mounts, userNamespaces=each.user_namespaces
            ),
        )
        for each in runtime.handlers
    )


def conditions(
    runtime: RuntimeStatus | None, old: Sequence[NodeCondition], now: datetime
) -> tuple[NodeCondition, ...]:
    stamp = times.format_seconds(now)
    known = {condition.type: condition for condition in old}
    fresh = [
        _calm("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        _calm("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        _calm("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ready(runtime),
    ]
    dated = tuple(_dated(condition, known.get(condition.type), stamp) for condition in fresh)
    names = {condition.type for condition in fresh}
    return dated + tuple(condition for condition in old if condition.type not in names)


def _calm(type: str, reason: str, message: str) -> NodeCondition:
    return NodeCondition(type=type, status="False", reason=reason, message=message)


def ready(runtime: RuntimeStatus | None) -> NodeCondition:
    problems = []
    if runtime is None:
        problems.append("container runtime is down")
    elif not runtime.ready:
        problems.append(f"container runtime not ready: RuntimeReady=false message:{runtime.message}")
    elif not runtime.network_ready:
        problems.append(
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
            f"message:{runtime.message}"
        )
    if problems:
        return NodeCondition(
            type="Ready", status="False", reason="KubeletNotReady", message=", ".join(problems)
        )
    return NodeCondition(
        type="Ready", status="True", reason="KubeletReady", message="kubelet is posting ready status"
    )


def _dated(new: NodeCondition, old: NodeCondition | None, stamp: str) -> NodeCondition:
    since = old.lastTransitionTime if old is not None and old.status == new.status else stamp
    return edit(new, lastHeartbeatTime=stamp, lastTransitionTime=since or stamp)


def is_same(one: NodeStatus, other: NodeStatus) -> bool:
    """Whether they differ in nothing but the time of the heartbeat."""
    return _without_heartbeat(one) == _without_heartbeat(other)


def _without_heartbeat(status: NodeStatus) -> NodeStatus:
    return edit(status, conditions=tuple(edit(each, lastHeartbeatTime="") for each in status.conditions))


def node_patch(old: NodeStatus, new: NodeStatus) -> dict[str, object]:
    """A strategic merge patch of the fields that differ. Lists of addresses are replaced as a whole."""
    before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
    status: dict[str, object] = {
        name: after.get(name) for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    }
    if status.get("addresses") and before.get("addresses"):
        status["addresses"] = [*after["addresses"], {"$patch": "replace"}]
    return {"status": status}
