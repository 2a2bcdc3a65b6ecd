"""StorageClass: how volumes of a class are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from wherry.api.columns import AGE, column, flagged_name
from wherry.api.core.affinity import TopologySelectorTerm
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.errors import ErrorType, FieldError, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_qualified_name
from wherry.machinery.schema import Atomic, OneOf

PARAMETERS, PARAMETER_BYTES = 512, 256 * 1024


def validate(new: StorageClass, old: StorageClass | None) -> Iterator[FieldError]:
    if not new.provisioner:
        yield required("provisioner")
    for problem in check_qualified_name(new.provisioner.lower()) if new.provisioner else ():
        yield invalid("provisioner", new.provisioner, problem)
    if len(new.parameters) > PARAMETERS:
        yield FieldError("parameters", f"may not be more than {PARAMETERS} bytes", type=ErrorType.TooLong)
    for key in new.parameters:
        if not key:
            yield invalid("parameters", key, "field can not be empty")
    if sum(len(key) + len(value) for key, value in new.parameters.items()) > PARAMETER_BYTES:
        yield FieldError(
            "parameters", f"may not be more than {PARAMETER_BYTES} bytes", type=ErrorType.TooLong
        )
    if old is not None:
        for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
            yield from immutable(field, getattr(new, field), getattr(old, field))


@resource(
    "storage.k8s.io/v1",
    "storageclasses",
    validate=validate,
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
