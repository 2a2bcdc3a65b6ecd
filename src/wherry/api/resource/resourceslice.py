"""ResourceSlice: devices that a driver offers on a node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.core.affinity import NodeSelector
from wherry.api.registry import resource
from wherry.api.resource.device import CounterSet, Device
from wherry.api.rules import immutable
from wherry.machinery.errors import FieldError, duplicate, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_label, check_subdomain
from wherry.machinery.schema import Atomic, Int64, ListSet, Part


class ResourcePool(Part):
    generation: Int64 = 0
    name: str = ""
    resourceSliceCount: Int64 = 0


class ResourceSliceSpec(Part):
    allNodes: bool = False
    devices: Annotated[tuple[Device, ...], Atomic()] = ()
    driver: str = ""
    nodeName: str = ""
    nodeSelector: NodeSelector | None = None
    partitionTypeAttribute: str = ""
    perDeviceNodeSelection: bool = False
    pool: ResourcePool = ResourcePool()
    sharedCounters: Annotated[tuple[CounterSet, ...], Atomic()] = ()
    skipNodeOperations: Annotated[tuple[str, ...], ListSet()] = ()


def validate(new: ResourceSlice, old: ResourceSlice | None) -> Iterator[FieldError]:
    spec = new.spec
    for problem in check_subdomain(spec.driver):
        yield invalid("spec.driver", spec.driver, problem)
    if not spec.pool.name:
        yield required("spec.pool.name")
    if spec.pool.resourceSliceCount <= 0:
        yield invalid(
            "spec.pool.resourceSliceCount", spec.pool.resourceSliceCount, "must be greater than zero"
        )
    places = [bool(spec.nodeName), spec.nodeSelector is not None, spec.allNodes, spec.perDeviceNodeSelection]
    if sum(places) != 1:
        detail = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
        yield invalid("spec", "", detail) if any(places) else required("spec", detail)
    names: set[str] = set()
    for index, device in enumerate(spec.devices):
        for problem in check_label(device.name):
            yield invalid(f"spec.devices[{index}].name", device.name, problem)
        if device.name in names:
            yield duplicate(f"spec.devices[{index}]", device.name)
        names.add(device.name)
    if old is not None:
        yield from immutable("spec.driver", spec.driver, old.spec.driver)
        yield from immutable("spec.pool.name", spec.pool.name, old.spec.pool.name)
        yield from immutable("spec.nodeName", spec.nodeName, old.spec.nodeName)


@resource(
    "resource.k8s.io/v1",
    "resourceslices",
    validate=validate,
    selectable={
        "spec.nodeName": lambda found: found.spec.nodeName,
        "spec.driver": lambda found: found.spec.driver,
    },
    columns=(
        NAME,
        column("Node", lambda found: found.spec.nodeName),
        column("Driver", lambda found: found.spec.driver),
        column("Pool", lambda found: found.spec.pool.name),
        AGE,
    ),
    generation=True,
)
class ResourceSlice(Object):
    spec: ResourceSliceSpec = ResourceSliceSpec()
