"""CSIStorageCapacity: how much storage is left where."""

from __future__ import annotations

from wherry.api.registry import resource
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Quantity


@resource("storage.k8s.io/v1", "csistoragecapacities")
class CSIStorageCapacity(Object):
    capacity: Quantity = ""
    maximumVolumeSize: Quantity = ""
    nodeTopology: LabelSelector | None = None
    storageClassName: str | None = None
