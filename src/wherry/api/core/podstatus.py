"""PodStatus: what was seen of a Pod and its containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.core.container import ResourceRequirements
from wherry.api.core.volumehealth import VolumeHealthCondition
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
    Written,
)


class ContainerExtendedResourceRequest(Part):
    containerName: str = ""
    requestName: str = ""
    resourceName: str = ""


class ContainerStateRunning(Part):
    startedAt: Time = ""


class ContainerStateTerminated(Part):
    containerID: str = ""
    exitCode: Annotated[Int32, Written()] = 0
    finishedAt: Time = ""
    message: str = ""
    reason: str = ""
    signal: Int32 = 0
    startedAt: Time = ""


class ContainerStateWaiting(Part):
    message: str = ""
    reason: str = ""


class ContainerState(Part):
    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None
    waiting: ContainerStateWaiting | None = None


class LinuxContainerUser(Part):
    gid: Int64 = 0
    supplementalGroups: Annotated[tuple[Int64, ...], Atomic()] = ()
    uid: Int64 = 0


class ContainerUser(Part):
    linux: LinuxContainerUser | None = None


class ResourceHealth(Part):
    health: str = ""
    message: str = ""
    resourceID: str = ""


class ResourceStatus(Part):
    name: str = ""
    resources: Annotated[tuple[ResourceHealth, ...], ListMap("resourceID")] = ()


class ImageVolumeStatus(Part):
    imageRef: str = ""


class VolumeStatus(Part):
    image: ImageVolumeStatus | None = None


class VolumeMountStatus(Part):
    mountPath: str = ""
    name: str = ""
    readOnly: bool = False
    recursiveReadOnly: str = ""
    volumeStatus: VolumeStatus | None = None


class ContainerStatus(Part):
    allocatedResources: Mapping[str, Quantity] = {}
    allocatedResourcesStatus: Annotated[
        tuple[ResourceStatus, ...], ListMap("name"), Merge("merge", "name")
    ] = ()
    containerID: str = ""
    image: str = ""
    imageID: str = ""
    lastState: ContainerState | None = None
    name: str = ""
    ready: Annotated[bool, Written()] = False
    resources: ResourceRequirements = ResourceRequirements()
    restartCount: Annotated[Int32, Written()] = 0
    started: bool | None = None
    state: ContainerState | None = None
    stopSignal: str = ""
    user: ContainerUser | None = None
    volumeMounts: Annotated[
        tuple[VolumeMountStatus, ...], ListMap("mountPath"), Merge("merge", "mountPath")
    ] = ()


class HostIP(Part):
    ip: str = ""


class NodeAllocatableMappedResources(Part):
    name: str = ""
    quantity: Quantity = ""


class NodeAllocatableOverheadResources(Part):
    name: str = ""
    perContainer: Quantity = ""
    perPod: Quantity = ""


class NodeAllocatableResourceClaimStatus(Part):
    containers: Annotated[tuple[str, ...], ListSet()] = ()
    mapping: Annotated[
        tuple[NodeAllocatableMappedResources, ...], ListMap("name"), Merge("merge", "name")
    ] = ()
    overhead: Annotated[
        tuple[NodeAllocatableOverheadResources, ...], ListMap("name"), Merge("merge", "name")
    ] = ()
    resourceClaimName: str = ""


class PodCondition(Part):
    lastProbeTime: Time = ""
    lastTransitionTime: Time = ""
    message: str = ""
    observedGeneration: Int64 | None = None
    reason: str = ""
    status: str = ""
    type: str = ""


class PodExtendedResourceClaimStatus(Part):
    requestMappings: Annotated[tuple[ContainerExtendedResourceRequest, ...], Atomic()] = ()
    resourceClaimName: str = ""


class PodIP(Part):
    ip: str = ""


class PodResourceClaimStatus(Part):
    name: str = ""
    resourceClaimName: str = ""


class PodVolumeHealth(Part):
    healthConditions: Annotated[
        tuple[VolumeHealthCondition, ...], ListMap("status", "reason"), Merge("merge", "status")
    ] = ()
    lastTransitionTime: Time = ""
    name: str = ""


class PodStatus(Part):
    allocatedResources: Mapping[str, Quantity] = {}
    conditions: Annotated[tuple[PodCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
    containerStatuses: Annotated[tuple[ContainerStatus, ...], Atomic()] = ()
    ephemeralContainerStatuses: Annotated[tuple[ContainerStatus, ...], Atomic()] = ()
    extendedResourceClaimStatus: PodExtendedResourceClaimStatus | None = None
    hostIP: str = ""
    hostIPs: Annotated[tuple[HostIP, ...], Atomic(), Merge("merge", "ip")] = ()
    initContainerStatuses: Annotated[tuple[ContainerStatus, ...], Atomic()] = ()
    message: str = ""
    nodeAllocatableResourceClaimStatuses: Annotated[
        tuple[NodeAllocatableResourceClaimStatus, ...],
        ListMap("resourceClaimName"),
        Merge("merge", "resourceClaimName"),
    ] = ()
    nominatedNodeName: str = ""
    observedGeneration: Int64 = 0
    phase: str = ""
    podIP: str = ""
    podIPs: Annotated[tuple[PodIP, ...], ListMap("ip"), Merge("merge", "ip")] = ()
    qosClass: str = ""
    reason: str = ""
    resize: str = ""
    resourceClaimStatuses: Annotated[
        tuple[PodResourceClaimStatus, ...], ListMap("name"), Merge("merge,retainKeys", "name")
    ] = ()
    resources: ResourceRequirements = ResourceRequirements()
    startTime: Time = ""
    volumeHealth: Annotated[tuple[PodVolumeHealth, ...], ListMap("name")] = ()
