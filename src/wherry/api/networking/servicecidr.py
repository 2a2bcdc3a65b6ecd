"""ServiceCIDR: a range that Service addresses are taken from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.api.rules import IMMUTABLE
from wherry.machinery.addresses import check_cidr
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Condition, Object
from wherry.machinery.schema import Atomic, ListMap, Merge, Part


class ServiceCIDRSpec(Part):
    cidrs: Annotated[tuple[str, ...], Atomic()] = ()


class ServiceCIDRStatus(Part):
    conditions: Annotated[tuple[Condition, ...], ListMap("type"), Merge("merge", "type")] = ()


def validate(new: ServiceCIDR, old: ServiceCIDR | None) -> Iterator[FieldError]:
    cidrs = new.spec.cidrs
    if not cidrs:
        yield required("spec.cidrs", "at least one CIDR required")
    elif len(cidrs) > 2:
        yield invalid("spec.cidrs", cidrs, "may only hold up to 2 values")
    for index, network in enumerate(cidrs):
        for problem in check_cidr(network):
            yield invalid(f"spec.cidrs[{index}]", network, problem)
    # A range of the other family may be added; what is there stays.
    if old is not None and cidrs[: len(old.spec.cidrs)] != old.spec.cidrs:
        yield invalid("spec.cidrs", cidrs, IMMUTABLE)


@resource(
    "networking.k8s.io/v1",
    "servicecidrs",
    validate=validate,
    columns=(NAME, column("CIDRs", lambda found: ",".join(found.spec.cidrs)), AGE),
)
class ServiceCIDR(Object):
    spec: ServiceCIDRSpec = ServiceCIDRSpec()
    status: ServiceCIDRStatus = ServiceCIDRStatus()
