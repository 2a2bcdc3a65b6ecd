"""ServiceCIDR: a range that Service addresses are taken from."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.meta import Condition, Object
from wherry.machinery.schema import Atomic, ListMap, Merge, Part


class ServiceCIDRSpec(Part):
    cidrs: Annotated[tuple[str, ...], Atomic()] = ()


class ServiceCIDRStatus(Part):
    conditions: Annotated[tuple[Condition, ...], ListMap("type"), Merge("merge", "type")] = ()


@resource(
    "networking.k8s.io/v1",
    "servicecidrs",
    columns=(NAME, column("CIDRs", lambda found: ",".join(found.spec.cidrs)), AGE),
)
class ServiceCIDR(Object):
    spec: ServiceCIDRSpec = ServiceCIDRSpec()
    status: ServiceCIDRStatus = ServiceCIDRStatus()
