"""Node: a machine that runs Pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, NONE, UNKNOWN, column, wide
from wherry.api.core.affinity import Taint
from wherry.api.core.affinityvalidation import validate_taints
from wherry.api.registry import resource
from wherry.machinery.addresses import check_cidr
from wherry.machinery.conditions import find_condition
from wherry.machinery.errors import FieldError, forbidden, invalid
from wherry.machinery.meta import Object
from wherry.machinery.schema import (
    Atomic,
    Int32,
    Int64,
    ListMap,
    ListSet,
    Merge,
    Part,
    Quantity,
    Time,
    Tree,
)


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

    @staticmethod
    def complete(tree: Tree) -> None:
        """One range of addresses: the first of all of them."""
        if tree.get("podCIDRs"):
            tree["podCIDR"] = tree["podCIDRs"][0]
        elif tree.get("podCIDR"):
            tree["podCIDRs"] = [tree["podCIDR"]]


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

    @staticmethod
    def complete(tree: Tree) -> None:
        if tree.get("capacity") and "allocatable" not in tree:
            tree["allocatable"] = dict(tree["capacity"])


ROLE_PREFIX = "node-role.kubernetes.io/"
ROLE = "kubernetes.io/role"


def _status(node: Node) -> str:
    ready = find_condition(node.status.conditions, "Ready")
    status = "Unknown" if ready is None else "Ready" if ready.status == "True" else "NotReady"
    return f"{status},SchedulingDisabled" if node.spec.unschedulable else status


def _roles(node: Node) -> str:
    labels = node.metadata.labels
    roles = {key.removeprefix(ROLE_PREFIX) for key in labels if key.startswith(ROLE_PREFIX)}
    return ",".join(sorted((roles | {labels.get(ROLE, "")}) - {""})) or NONE


def _address(node: Node, type: str) -> str:
    return next((entry.address for entry in node.status.addresses if entry.type == type), NONE)


def _info(node: Node, field: str) -> str:
    info = node.status.nodeInfo
    return str(getattr(info, field)) if info is not None else ""


def _kernel(node: Node) -> str:
    version, architecture = _info(node, "kernelVersion"), _info(node, "architecture")
    if not version:
        return UNKNOWN
    return f"{version} ({architecture})" if architecture else version


PODCIDR_FIXED = 'node updates may not change podCIDR except from "" to valid'
PROVIDER_FIXED = 'node updates may not change providerID except from "" to valid'


def validate(new: Node, old: Node | None) -> Iterator[FieldError]:
    spec = new.spec
    if old is not None and spec == old.spec:
        return
    yield from validate_taints(spec.taints, "spec.taints")
    for index, network in enumerate(spec.podCIDRs):
        for problem in check_cidr(network):
            yield invalid(f"spec.podCIDRs[{index}]", network, problem)
    if len(spec.podCIDRs) > 2:
        detail = "may specify no more than one CIDR for each IP family"
        yield invalid("spec.podCIDRs", spec.podCIDRs, detail)
    if old is None:
        return
    if old.spec.podCIDRs and spec.podCIDRs != old.spec.podCIDRs:
        yield forbidden("spec.podCIDRs", PODCIDR_FIXED)
    if old.spec.providerID and spec.providerID != old.spec.providerID:
        yield forbidden("spec.providerID", PROVIDER_FIXED)


@resource(
    "v1",
    "nodes",
    validate=validate,
    selectable={"spec.unschedulable": lambda node: "true" if node.spec.unschedulable else "false"},
    columns=(
        NAME,
        column("Status", _status),
        column("Roles", _roles),
        AGE,
        column("Version", lambda node: _info(node, "kubeletVersion")),
        wide("Internal-IP", lambda node: _address(node, "InternalIP")),
        wide("External-IP", lambda node: _address(node, "ExternalIP")),
        wide("OS-Image", lambda node: _info(node, "osImage") or UNKNOWN),
        wide("Kernel-Version", _kernel),
        wide("Container-Runtime", lambda node: _info(node, "containerRuntimeVersion") or UNKNOWN),
    ),
)
class Node(Object):
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()
