"""Lease: who holds something, and since when."""

from __future__ import annotations

from wherry.api.columns import AGE, NAME, column
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


@resource(
    "coordination.k8s.io/v1",
    "leases",
    columns=(NAME, column("Holder", lambda lease: lease.spec.holderIdentity), AGE),
    create_on_update=True,
    needs_version=True,
)
class Lease(Object):
    spec: LeaseSpec = LeaseSpec()
