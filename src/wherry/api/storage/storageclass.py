"""StorageClass: how volumes of a class are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.columns import AGE, column, flagged_name
from wherry.api.core.affinity import TopologySelectorTerm
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, OneOf


@resource(
    "storage.k8s.io/v1",
    "storageclasses",
    columns=(
        flagged_name(
            "storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"
        ),
        column("Provisioner", lambda found: found.provisioner),
        column("ReclaimPolicy", lambda found: found.reclaimPolicy),
        column("VolumeBindingMode", lambda found: found.volumeBindingMode),
        column("AllowVolumeExpansion", lambda found: "true" if found.allowVolumeExpansion else "false"),
        AGE,
    ),
)
class StorageClass(Object):
    allowVolumeExpansion: bool | None = None
    allowedTopologies: Annotated[tuple[TopologySelectorTerm, ...], Atomic()] = ()
    mountOptions: Annotated[tuple[str, ...], Atomic()] = ()
    parameters: Mapping[str, str] = {}
    provisioner: str = ""
    reclaimPolicy: Annotated[str, OneOf("Delete", "Retain")] = "Delete"
    volumeBindingMode: Annotated[str, OneOf("Immediate", "WaitForFirstConsumer")] = "Immediate"
