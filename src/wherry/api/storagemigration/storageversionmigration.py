"""StorageVersionMigration: rewrites stored objects in the newest version."""

from __future__ import annotations

from typing import Annotated

from wherry.api.meta.options import GroupResource
from wherry.api.registry import resource
from wherry.machinery.meta import Condition, Object
from wherry.machinery.schema import ListMap, Merge, Part


class StorageVersionMigrationSpec(Part):
    resource: GroupResource = GroupResource()


class StorageVersionMigrationStatus(Part):
    conditions: Annotated[tuple[Condition, ...], ListMap("type"), Merge("merge", "type")] = ()
    resourceVersion: str = ""


@resource("storagemigration.k8s.io/v1", "storageversionmigrations")
class StorageVersionMigration(Object):
    spec: StorageVersionMigrationSpec = StorageVersionMigrationSpec()
    status: StorageVersionMigrationStatus = StorageVersionMigrationStatus()
