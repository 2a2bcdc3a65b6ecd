"""CSINode: the storage drivers of a node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.api.rules import IMMUTABLE
from wherry.machinery.errors import FieldError, duplicate, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_qualified_name
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


def validate(new: CSINode, old: CSINode | None) -> Iterator[FieldError]:
    before = {driver.name: driver for driver in old.spec.drivers} if old is not None else {}
    names: set[str] = set()
    for index, driver in enumerate(new.spec.drivers):
        where = f"spec.drivers[{index}]"
        if not driver.name:
            yield required(f"{where}.name")
        if driver.name in names:
            yield duplicate(f"{where}.name", driver.name)
        names.add(driver.name)
        if not driver.nodeID:
            yield required(f"{where}.nodeID")
        for key in driver.topologyKeys:
            for problem in check_qualified_name(key):
                yield invalid(f"{where}.topologyKeys", key, problem)
        known = before.get(driver.name)
        if known is not None and (known.nodeID, known.topologyKeys) != (driver.nodeID, driver.topologyKeys):
            yield invalid(where, driver, IMMUTABLE)


@resource(
    "storage.k8s.io/v1",
    "csinodes",
    validate=validate,
    columns=(NAME, column("Drivers", lambda found: len(found.spec.drivers), "integer"), AGE),
    needs_version=True,
)
class CSINode(Object):
    spec: CSINodeSpec = CSINodeSpec()
    status: CSINodeStatus = CSINodeStatus()
