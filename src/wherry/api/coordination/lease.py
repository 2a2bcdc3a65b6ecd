"""Lease: who holds something, and since when."""

from __future__ import annotations

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int32, MicroTime, Part


class LeaseSpec(Part):
    acquireTime: MicroTime = ""
    holderIdentity: str = ""
    leaseDurationSeconds: Int32 | None = None
    leaseTransitions: Int32 | None = None
    preferredHolder: str = ""
    renewTime: MicroTime = ""
    strategy: str = ""


@resource("coordination.k8s.io/v1", "leases")
class Lease(Object):
    spec: LeaseSpec = LeaseSpec()
