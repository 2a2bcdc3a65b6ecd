"""CSIDriver: what the cluster needs to know of a storage driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NAME, NONE, UNSET, column
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.errors import ErrorType, FieldError, duplicate, invalid
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int64, ListSet, OneOf, Part, Tree, Written


class TokenRequest(Part):
    audience: str = ""
    expirationSeconds: Int64 | None = None


class CSIDriverSpec(Part):
    attachRequired: bool = True
    fsGroupPolicy: Annotated[str, OneOf("File", "None", "ReadWriteOnceWithFSType")] = (
        "ReadWriteOnceWithFSType"
    )
    nodeAllocatableUpdatePeriodSeconds: Int64 | None = None
    podInfoOnMount: Annotated[bool, Written()] = False
    preventPodSchedulingIfMissing: Annotated[bool, Written()] = False
    requiresRepublish: Annotated[bool, Written()] = False
    seLinuxMount: Annotated[bool, Written()] = False
    serviceAccountTokenInSecrets: bool = False
    storageCapacity: Annotated[bool, Written()] = False
    tokenRequests: Annotated[tuple[TokenRequest, ...], Atomic()] = ()
    volumeLifecycleModes: Annotated[
        tuple[Annotated[str, OneOf("Ephemeral", "Persistent")], ...], ListSet()
    ] = ()

    @staticmethod
    def complete(tree: Tree) -> None:
        if not tree.get("volumeLifecycleModes"):
            tree["volumeLifecycleModes"] = ["Persistent"]


def _audiences(found: CSIDriver) -> str:
    return ",".join(request.audience for request in found.spec.tokenRequests) or UNSET


LONGEST_NAME = 63


def validate(new: CSIDriver, old: CSIDriver | None) -> Iterator[FieldError]:
    if len(new.metadata.name) > LONGEST_NAME:
        detail = f"may not be more than {LONGEST_NAME} bytes"
        yield FieldError("metadata.name", detail, type=ErrorType.TooLong)
    audiences: set[str] = set()
    for index, request in enumerate(new.spec.tokenRequests):
        where = f"spec.tokenRequests[{index}]"
        if request.audience in audiences:
            yield duplicate(f"{where}.audience", request.audience)
        audiences.add(request.audience)
        if request.expirationSeconds is not None and request.expirationSeconds < 600:
            detail = "may not specify a duration less than 10 minutes"
            yield invalid(f"{where}.expirationSeconds", request.expirationSeconds, detail)
    if old is not None:
        # The path is upstream's.
        yield from immutable("spec.attachedRequired", new.spec.attachRequired, old.spec.attachRequired)
        yield from immutable(
            "spec.volumeLifecycleModes", new.spec.volumeLifecycleModes, old.spec.volumeLifecycleModes
        )


@resource(
    "storage.k8s.io/v1",
    "csidrivers",
    validate=validate,
    columns=(
        NAME,
        column("AttachRequired", lambda found: found.spec.attachRequired, "boolean"),
        column("PodInfoOnMount", lambda found: found.spec.podInfoOnMount, "boolean"),
        column("StorageCapacity", lambda found: found.spec.storageCapacity, "boolean"),
        column("TokenRequests", _audiences),
        column("RequiresRepublish", lambda found: found.spec.requiresRepublish, "boolean"),
        column("Modes", lambda found: ",".join(found.spec.volumeLifecycleModes) or NONE),
        AGE,
    ),
    generation=True,
    needs_version=True,
)
class CSIDriver(Object):
    spec: CSIDriverSpec = CSIDriverSpec()
