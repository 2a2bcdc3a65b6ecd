"""ResourceSlice: devices that a driver offers on a node."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.core.affinity import NodeSelector
from wherry.api.registry import resource
from wherry.api.resource.device import CounterSet, Device
from wherry.machinery.meta import Object
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


@resource(
    "resource.k8s.io/v1",
    "resourceslices",
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
