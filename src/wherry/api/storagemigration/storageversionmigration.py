"""StorageVersionMigration: rewrites stored objects in the newest version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import column
from wherry.api.meta.options import GroupResource
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.conditions import has_condition
from wherry.machinery.errors import FieldError, required
from wherry.machinery.meta import Condition, Object
from wherry.machinery.schema import ListMap, Merge, Part


class StorageVersionMigrationSpec(Part):
    resource: GroupResource = GroupResource()


class StorageVersionMigrationStatus(Part):
    conditions: Annotated[tuple[Condition, ...], ListMap("type"), Merge("merge", "type")] = ()
    resourceVersion: str = ""


def _resource(found: StorageVersionMigration) -> str:
    resource = found.spec.resource
    return f"{resource.resource}.{resource.group}" if resource.group else resource.resource


def _status(found: StorageVersionMigration) -> str:
    """The last of these that is true."""
    for type in ("Failed", "Succeeded", "Running"):
        if has_condition(found.status.conditions, type):
            return type
    return "Unknown"


def validate(new: StorageVersionMigration, old: StorageVersionMigration | None) -> Iterator[FieldError]:
    if not new.spec.resource.resource:
        yield required("spec.resource.resource", "resource is required")
    if old is not None:
        yield from immutable("spec", new.spec, old.spec)


@resource(
    "storagemigration.k8s.io/v1",
    "storageversionmigrations",
    validate=validate,
    columns=(
        column("Name", lambda found: found.metadata.name),
        column("Resource", _resource),
        column("Status", _status),
    ),
    needs_version=True,
)
class StorageVersionMigration(Object):
    spec: StorageVersionMigrationSpec = StorageVersionMigrationSpec()
    status: StorageVersionMigrationStatus = StorageVersionMigrationStatus()
