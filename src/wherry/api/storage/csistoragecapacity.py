"""CSIStorageCapacity: how much storage is left where."""

from __future__ import annotations

from wherry.api.columns import NAME, column, or_unset
from wherry.api.registry import resource
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Quantity


@resource(
    "storage.k8s.io/v1",
    "csistoragecapacities",
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
