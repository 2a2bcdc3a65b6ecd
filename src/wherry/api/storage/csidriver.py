"""CSIDriver: what the cluster needs to know of a storage driver."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NAME, NONE, UNSET, column
from wherry.api.registry import resource
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


@resource(
    "storage.k8s.io/v1",
    "csidrivers",
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
