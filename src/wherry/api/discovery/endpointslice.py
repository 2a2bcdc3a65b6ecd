"""EndpointSlice: some of the addresses behind a Service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, UNSET, column, first_of
from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int32, ListSet, OneOf, Part, Written, atomic


class EndpointConditions(Part):
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class ForNode(Part):
    name: str = ""


class ForZone(Part):
    name: str = ""


class EndpointHints(Part):
    forNodes: Annotated[tuple[ForNode, ...], Atomic()] = ()
    forZones: Annotated[tuple[ForZone, ...], Atomic()] = ()


class Endpoint(Part):
    addresses: Annotated[tuple[str, ...], ListSet()] = ()
    conditions: EndpointConditions | None = None
    deprecatedTopology: Mapping[str, str] = {}
    hints: EndpointHints | None = None
    hostname: str = ""
    nodeName: str = ""
    targetRef: ObjectReference | None = None
    zone: str = ""


@atomic
class EndpointPort(Part):
    appProtocol: str = ""
    name: Annotated[str, Written()] = ""
    port: Int32 | None = None
    protocol: Annotated[str, OneOf("SCTP", "TCP", "UDP")] = "TCP"


def _ports(found: EndpointSlice) -> str:
    return first_of(("*" if port.port is None else str(port.port) for port in found.ports), missing=UNSET)


def _addresses(found: EndpointSlice) -> str:
    return first_of((text for each in found.endpoints for text in each.addresses), missing=UNSET)


@resource(
    "discovery.k8s.io/v1",
    "endpointslices",
    columns=(
        NAME,
        column("AddressType", lambda found: found.addressType),
        column("Ports", _ports),
        column("Endpoints", _addresses),
        AGE,
    ),
    generation=True,
)
class EndpointSlice(Object):
    addressType: Annotated[str, OneOf("FQDN", "IPv4", "IPv6")] = ""
    endpoints: Annotated[tuple[Endpoint, ...], Atomic()] = ()
    ports: Annotated[tuple[EndpointPort, ...], Atomic()] = ()
