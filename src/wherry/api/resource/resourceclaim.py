"""ResourceClaim: a request for devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.core.affinity import NodeSelector
from wherry.api.registry import resource
from wherry.api.resource.device import DeviceAllocationResult, DeviceClaim
from wherry.api.resource.validation import validate_devices
from wherry.api.rules import immutable
from wherry.machinery.errors import FieldError
from wherry.machinery.meta import Condition, Object
from wherry.machinery.schema import Atomic, ListMap, Merge, Part, Raw, Time


class NetworkDeviceData(Part):
    hardwareAddress: str = ""
    interfaceName: str = ""
    ips: Annotated[tuple[str, ...], Atomic()] = ()


class AllocatedDeviceStatus(Part):
    conditions: Annotated[tuple[Condition, ...], ListMap("type")] = ()
    data: Raw | None = None
    device: str = ""
    driver: str = ""
    networkData: NetworkDeviceData | None = None
    pool: str = ""
    shareID: str = ""


class AllocationResult(Part):
    allocationTimestamp: Time = ""
    devices: DeviceAllocationResult | None = None
    nodeSelector: NodeSelector | None = None


class ResourceClaimConsumerReference(Part):
    apiGroup: str = ""
    name: str = ""
    resource: str = ""
    uid: str = ""


class ResourceClaimSpec(Part):
    devices: DeviceClaim | None = None


class ResourceClaimStatus(Part):
    allocation: AllocationResult | None = None
    devices: Annotated[tuple[AllocatedDeviceStatus, ...], ListMap("driver", "device", "pool", "shareID")] = ()
    reservedFor: Annotated[
        tuple[ResourceClaimConsumerReference, ...], ListMap("uid"), Merge("merge", "uid")
    ] = ()


def _state(claim: ResourceClaim) -> str:
    words = ["deleted"] if claim.metadata.deletionTimestamp else []
    if claim.status.allocation is None:
        words += [] if words else ["pending"]
    else:
        words.append("allocated")
        words += ["reserved"] if claim.status.reservedFor else []
    return ",".join(words)


def validate(new: ResourceClaim, old: ResourceClaim | None) -> Iterator[FieldError]:
    yield from validate_devices(new.spec.devices, "spec.devices")
    if old is not None:
        yield from immutable("spec", new.spec, old.spec)


@resource(
    "resource.k8s.io/v1",
    "resourceclaims",
    validate=validate,
    columns=(NAME, column("State", _state), AGE),
)
class ResourceClaim(Object):
    spec: ResourceClaimSpec = ResourceClaimSpec()
    status: ResourceClaimStatus = ResourceClaimStatus()
