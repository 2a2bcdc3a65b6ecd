"""CSINode: the storage drivers of a node."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int32, ListMap, Merge, Part, Time


class VolumeNodeResources(Part):
    count: Int32 | None = None


class CSINodeDriver(Part):
    allocatable: VolumeNodeResources | None = None
    name: str = ""
    nodeID: str = ""
    topologyKeys: Annotated[tuple[str, ...], Atomic()] = ()


class CSINodeSpec(Part):
    drivers: Annotated[tuple[CSINodeDriver, ...], ListMap("name"), Merge("merge", "name")] = ()


class StorageHealthCondition(Part):
    accessMode: str = ""
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    volumeMode: str = ""


class StorageHealth(Part):
    healthConditions: Annotated[tuple[StorageHealthCondition, ...], Atomic()] = ()
    name: str = ""


class CSINodeStatus(Part):
    storageHealth: Annotated[tuple[StorageHealth, ...], ListMap("name"), Merge("merge", "name")] = ()


@resource(
    "storage.k8s.io/v1",
    "csinodes",
    columns=(NAME, column("Drivers", lambda found: len(found.spec.drivers), "integer"), AGE),
    needs_version=True,
)
class CSINode(Object):
    spec: CSINodeSpec = CSINodeSpec()
    status: CSINodeStatus = CSINodeStatus()
