"""StorageClass: how volumes of a class are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.core.affinity import TopologySelectorTerm
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic


@resource("storage.k8s.io/v1", "storageclasses")
class StorageClass(Object):
    allowVolumeExpansion: bool | None = None
    allowedTopologies: Annotated[tuple[TopologySelectorTerm, ...], Atomic()] = ()
    mountOptions: Annotated[tuple[str, ...], Atomic()] = ()
    parameters: Mapping[str, str] = {}
    provisioner: str = ""
    reclaimPolicy: str = "Delete"
    volumeBindingMode: str = "Immediate"
