"""Device: devices, how they are asked for, and how they were given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.core.affinity import NodeSelector
from wherry.machinery.meta import Condition
from wherry.machinery.schema import Atomic, Int64, ListMap, ListSet, Merge, Part, Quantity, Raw, Time, Tree


def complete_count(tree: Tree) -> None:
    """Who asks for an exact number, and does not say which, wants one."""
    if tree["allocationMode"] == "ExactCount" and not tree.get("count"):
        tree["count"] = 1


class CELDeviceSelector(Part):
    expression: str = ""


class CapacityRequestPolicyRange(Part):
    max: Quantity = ""
    min: Quantity = ""
    step: Quantity = ""


class CapacityRequestPolicy(Part):
    default: Quantity = ""
    validRange: CapacityRequestPolicyRange | None = None
    validValues: Annotated[tuple[Quantity, ...], Atomic()] = ()


class CapacityRequirements(Part):
    requests: Mapping[str, Quantity] = {}


class Counter(Part):
    value: Quantity = ""


class CounterSet(Part):
    counters: Mapping[str, Counter] = {}
    name: str = ""


class DeviceAttribute(Part, rename={"bool_": "bool", "int_": "int"}):
    bool_: bool = False
    bools: Annotated[tuple[bool, ...], Atomic()] = ()
    int_: Int64 | None = None
    ints: Annotated[tuple[Int64, ...], Atomic()] = ()
    string: str = ""
    strings: Annotated[tuple[str, ...], Atomic()] = ()
    version: str = ""
    versions: Annotated[tuple[str, ...], Atomic()] = ()


class DeviceCapacity(Part):
    requestPolicy: CapacityRequestPolicy | None = None
    value: Quantity = ""


class DeviceCounterConsumption(Part):
    compatibilityGroups: Annotated[tuple[str, ...], Atomic()] = ()
    counterSet: str = ""
    counters: Mapping[str, Counter] = {}


class DeviceTaint(Part):
    effect: str = ""
    key: str = ""
    timeAdded: Time = ""
    value: str = ""


class NodeAllocatableMapping(Part):
    capacityKey: str = ""
    capacityMultiplier: Quantity = ""
    deviceMultiplier: Quantity = ""


class NodeAllocatableOverhead(Part):
    perContainer: Quantity = ""
    perPod: Quantity = ""


class NodeAllocatableResource(Part):
    mapping: NodeAllocatableMapping | None = None
    overhead: NodeAllocatableOverhead | None = None


class Device(Part):
    allNodes: bool = False
    allowMultipleAllocations: bool = False
    attributes: Mapping[str, DeviceAttribute] = {}
    bindingConditions: Annotated[tuple[str, ...], Atomic()] = ()
    bindingFailureConditions: Annotated[tuple[str, ...], Atomic()] = ()
    bindsToNode: bool = False
    capacity: Mapping[str, DeviceCapacity] = {}
    consumesCounters: Annotated[tuple[DeviceCounterConsumption, ...], Atomic()] = ()
    name: str = ""
    nodeAllocatableResources: Mapping[str, NodeAllocatableResource] = {}
    nodeName: str = ""
    nodeSelector: NodeSelector | None = None
    taints: Annotated[tuple[DeviceTaint, ...], Atomic()] = ()


class OpaqueDeviceConfiguration(Part):
    driver: str = ""
    parameters: Raw | None = None


class DeviceAllocationConfiguration(Part):
    opaque: OpaqueDeviceConfiguration | None = None
    requests: Annotated[tuple[str, ...], Atomic()] = ()
    source: str = ""


class DeviceToleration(Part):
    effect: str = ""
    key: str = ""
    operator: str = ""
    tolerationSeconds: Int64 | None = None
    value: str = ""


class DeviceRequestAllocationResult(Part):
    adminAccess: bool = False
    bindingConditions: Annotated[tuple[str, ...], Atomic()] = ()
    bindingFailureConditions: Annotated[tuple[str, ...], Atomic()] = ()
    consumedCapacity: Mapping[str, Quantity] = {}
    device: str = ""
    driver: str = ""
    pool: str = ""
    request: str = ""
    shareID: str = ""
    skipNodeOperations: Annotated[tuple[str, ...], ListSet()] = ()
    tolerations: Annotated[tuple[DeviceToleration, ...], Atomic()] = ()


class DeviceAllocationResult(Part):
    config: Annotated[tuple[DeviceAllocationConfiguration, ...], Atomic()] = ()
    results: Annotated[tuple[DeviceRequestAllocationResult, ...], Atomic()] = ()


class DeviceClaimConfiguration(Part):
    opaque: OpaqueDeviceConfiguration | None = None
    requests: Annotated[tuple[str, ...], Atomic()] = ()


class DeviceConstraint(Part):
    distinctAttribute: str = ""
    matchAttribute: str = ""
    requests: Annotated[tuple[str, ...], Atomic()] = ()


class DeviceDerivedAttribute(Part):
    expression: str = ""
    name: str = ""


class DeviceSelector(Part):
    cel: CELDeviceSelector | None = None


class DeviceSubRequest(Part):
    allocationMode: str = "ExactCount"
    capacity: CapacityRequirements | None = None
    count: Int64 | None = None
    derivedAttributes: Annotated[tuple[DeviceDerivedAttribute, ...], Atomic()] = ()
    deviceClassName: str = ""
    name: str = ""
    selectors: Annotated[tuple[DeviceSelector, ...], Atomic()] = ()
    tolerations: Annotated[tuple[DeviceToleration, ...], Atomic()] = ()

    complete = staticmethod(complete_count)


class ExactDeviceRequest(Part):
    adminAccess: bool = False
    allocationMode: str = "ExactCount"
    capacity: CapacityRequirements | None = None
    count: Int64 | None = None
    derivedAttributes: Annotated[tuple[DeviceDerivedAttribute, ...], Atomic()] = ()
    deviceClassName: str = ""
    selectors: Annotated[tuple[DeviceSelector, ...], Atomic()] = ()
    tolerations: Annotated[tuple[DeviceToleration, ...], Atomic()] = ()

    complete = staticmethod(complete_count)


class DeviceRequest(Part):
    exactly: ExactDeviceRequest | None = None
    firstAvailable: Annotated[tuple[DeviceSubRequest, ...], Atomic()] = ()
    name: str = ""


class DeviceClaim(Part):
    config: Annotated[tuple[DeviceClaimConfiguration, ...], Atomic()] = ()
    constraints: Annotated[tuple[DeviceConstraint, ...], Atomic()] = ()
    requests: Annotated[tuple[DeviceRequest, ...], Atomic()] = ()


class DeviceClassConfiguration(Part):
    opaque: OpaqueDeviceConfiguration | None = None


class DeviceClassSpec(Part):
    config: Annotated[tuple[DeviceClassConfiguration, ...], Atomic()] = ()
    extendedResourceName: str = ""
    selectors: Annotated[tuple[DeviceSelector, ...], Atomic()] = ()


class DeviceTaintSelector(Part):
    device: str = ""
    driver: str = ""
    pool: str = ""


class DeviceTaintRuleSpec(Part):
    deviceSelector: DeviceTaintSelector | None = None
    taint: DeviceTaint = DeviceTaint()


class DeviceTaintRuleStatus(Part):
    conditions: Annotated[tuple[Condition, ...], ListMap("type"), Merge("merge", "type")] = ()
