"""Node: a machine that runs Pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.core.affinity import Taint
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int32, Int64, ListMap, ListSet, Merge, Part, Quantity, Time


class AttachedVolume(Part):
    devicePath: str = ""
    name: str = ""


class ConfigMapNodeConfigSource(Part):
    kubeletConfigKey: str = ""
    name: str = ""
    namespace: str = ""
    resourceVersion: str = ""
    uid: str = ""


class ContainerImage(Part):
    names: Annotated[tuple[str, ...], Atomic()] = ()
    sizeBytes: Int64 | None = None


class DaemonEndpoint(Part):
    Port: Int32 = 0


class NodeAddress(Part):
    address: str = ""
    type: str = ""


class NodeCondition(Part):
    lastHeartbeatTime: Time = ""
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class NodeConfigSource(Part):
    configMap: ConfigMapNodeConfigSource | None = None


class NodeConfigStatus(Part):
    active: NodeConfigSource | None = None
    assigned: NodeConfigSource | None = None
    error: str = ""
    lastKnownGood: NodeConfigSource | None = None


class NodeDaemonEndpoints(Part):
    kubeletEndpoint: DaemonEndpoint | None = None


class NodeFeatures(Part):
    supplementalGroupsPolicy: bool = False


class NodePodPreemptionPolicy(Part):
    disableResizePreemption: Annotated[tuple[str, ...], ListSet()] = ()


class NodeRuntimeHandlerFeatures(Part):
    recursiveReadOnlyMounts: bool = False
    userNamespaces: bool = False


class NodeRuntimeHandler(Part):
    features: NodeRuntimeHandlerFeatures | None = None
    name: str = ""


class NodeSpec(Part):
    configSource: NodeConfigSource | None = None
    externalID: str = ""
    podCIDR: str = ""
    podCIDRs: Annotated[tuple[str, ...], ListSet(), Merge("merge")] = ()
    podPreemptionPolicy: NodePodPreemptionPolicy | None = None
    providerID: str = ""
    taints: Annotated[tuple[Taint, ...], Atomic()] = ()
    unschedulable: bool = False


class NodeSwapStatus(Part):
    capacity: Int64 = 0


class NodeSystemInfo(Part):
    architecture: str = ""
    bootID: str = ""
    containerRuntimeVersion: str = ""
    kernelVersion: str = ""
    kubeProxyVersion: str = ""
    kubeletVersion: str = ""
    machineID: str = ""
    operatingSystem: str = ""
    osImage: str = ""
    runningInUserNamespace: bool = False
    swap: NodeSwapStatus | None = None
    systemUUID: str = ""


class NodeStatus(Part):
    addresses: Annotated[tuple[NodeAddress, ...], ListMap("type"), Merge("merge", "type")] = ()
    allocatable: Mapping[str, Quantity] = {}
    capacity: Mapping[str, Quantity] = {}
    conditions: Annotated[tuple[NodeCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
    config: NodeConfigStatus | None = None
    daemonEndpoints: NodeDaemonEndpoints | None = None
    declaredFeatures: Annotated[tuple[str, ...], Atomic()] = ()
    features: NodeFeatures | None = None
    images: Annotated[tuple[ContainerImage, ...], Atomic()] = ()
    nodeInfo: NodeSystemInfo | None = None
    phase: str = ""
    runtimeHandlers: Annotated[tuple[NodeRuntimeHandler, ...], Atomic()] = ()
    volumesAttached: Annotated[tuple[AttachedVolume, ...], Atomic()] = ()
    volumesInUse: Annotated[tuple[str, ...], Atomic()] = ()


@resource("v1", "nodes")
class Node(Object):
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()
