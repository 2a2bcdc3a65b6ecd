"""CSIDriver: what the cluster needs to know of a storage driver."""

from __future__ import annotations

from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int64, ListSet, Part, Written


class TokenRequest(Part):
    audience: str = ""
    expirationSeconds: Int64 | None = None


class CSIDriverSpec(Part):
    attachRequired: bool = True
    fsGroupPolicy: str = "ReadWriteOnceWithFSType"
    nodeAllocatableUpdatePeriodSeconds: Int64 | None = None
    podInfoOnMount: Annotated[bool, Written()] = False
    preventPodSchedulingIfMissing: bool = False
    requiresRepublish: Annotated[bool, Written()] = False
    seLinuxMount: Annotated[bool, Written()] = False
    serviceAccountTokenInSecrets: bool = False
    storageCapacity: Annotated[bool, Written()] = False
    tokenRequests: Annotated[tuple[TokenRequest, ...], Atomic()] = ()
    volumeLifecycleModes: Annotated[tuple[str, ...], ListSet()] = ()


@resource("storage.k8s.io/v1", "csidrivers")
class CSIDriver(Object):
    spec: CSIDriverSpec = CSIDriverSpec()
