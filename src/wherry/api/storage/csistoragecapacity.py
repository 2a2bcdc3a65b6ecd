"""CSIStorageCapacity: how much storage is left where."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.columns import NAME, column, or_unset
from wherry.api.registry import resource
from wherry.api.rules import NOT_NEGATIVE, immutable
from wherry.machinery import quantity
from wherry.machinery.errors import FieldError, invalid
from wherry.machinery.labels import validate_label_selector
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.names import check_subdomain
from wherry.machinery.schema import Quantity


def validate(new: CSIStorageCapacity, old: CSIStorageCapacity | None) -> Iterator[FieldError]:
    for problem in check_subdomain(new.storageClassName or ""):
        yield invalid("storageClassName", new.storageClassName or "", problem)
    yield from validate_label_selector(new.nodeTopology, "nodeTopology")
    if new.capacity and quantity.parse(new.capacity).nanos < 0:
        yield invalid("capacity", new.capacity, NOT_NEGATIVE)
    if old is not None:
        yield from immutable("nodeTopology", new.nodeTopology, old.nodeTopology)
        yield from immutable("storageClassName", new.storageClassName, old.storageClassName)


@resource(
    "storage.k8s.io/v1",
    "csistoragecapacities",
    validate=validate,
    columns=(
        NAME,
        column("StorageClassName", lambda found: found.storageClassName or ""),
        column("Capacity", lambda found: or_unset(found.capacity)),
    ),
    needs_version=True,
)
class CSIStorageCapacity(Object):
    capacity: Quantity = ""
    maximumVolumeSize: Quantity = ""
    nodeTopology: LabelSelector | None = None
    storageClassName: str | None = None
