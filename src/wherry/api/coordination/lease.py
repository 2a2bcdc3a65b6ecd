"""Lease: who holds something, and since when."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.api.rules import NOT_NEGATIVE
from wherry.machinery.errors import FieldError, forbidden, invalid
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


def validate(new: Lease, old: Lease | None) -> Iterator[FieldError]:
    spec = new.spec
    if spec.leaseDurationSeconds is not None and spec.leaseDurationSeconds <= 0:
        yield invalid("spec.leaseDurationSeconds", spec.leaseDurationSeconds, "must be greater than 0")
    if (spec.leaseTransitions or 0) < 0:
        yield invalid("spec.leaseTransitions", spec.leaseTransitions, NOT_NEGATIVE)
    if spec.preferredHolder and not spec.strategy:
        yield forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined")


@resource(
    "coordination.k8s.io/v1",
    "leases",
    validate=validate,
    columns=(NAME, column("Holder", lambda lease: lease.spec.holderIdentity), AGE),
    create_on_update=True,
    needs_version=True,
)
class Lease(Object):
    spec: LeaseSpec = LeaseSpec()
