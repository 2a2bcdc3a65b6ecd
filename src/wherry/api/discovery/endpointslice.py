"""EndpointSlice: some of the addresses behind a Service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, UNSET, column, first_of
from wherry.api.core.endpoints import check_address
from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.addresses import check_ipv4, check_ipv6
from wherry.machinery.errors import ErrorType, FieldError, duplicate, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import Check, check_label, check_subdomain
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


LARGEST_SLICE = 1000
MOST_PORTS = 20_000
MOST_ADDRESSES = 100


def _check_address(found: EndpointSlice) -> Check:
    match found.addressType:
        case "IPv4" | "IPv6" as family:
            matches = check_ipv4 if family == "IPv4" else check_ipv6
            own = check_address(found.metadata)
            return lambda text: matches(text) or own(text)
    return check_subdomain


def _validate_endpoint(endpoint: Endpoint, path: str, check: Check) -> Iterator[FieldError]:
    if not endpoint.addresses:
        yield required(f"{path}.addresses", "must contain at least 1 address")
    elif len(endpoint.addresses) > MOST_ADDRESSES:
        detail = f"must have at most {MOST_ADDRESSES} items"
        yield FieldError(f"{path}.addresses", detail, len(endpoint.addresses), ErrorType.TooMany)
    for index, address in enumerate(endpoint.addresses):
        for problem in check(address):
            yield invalid(f"{path}.addresses[{index}]", address, problem)
    for problem in check_label(endpoint.hostname) if endpoint.hostname else ():
        yield invalid(f"{path}.hostname", endpoint.hostname, problem)
    for problem in check_subdomain(endpoint.nodeName) if endpoint.nodeName else ():
        yield invalid(f"{path}.nodeName", endpoint.nodeName, problem)


def validate(new: EndpointSlice, old: EndpointSlice | None) -> Iterator[FieldError]:
    if not new.addressType:
        yield required("addressType")
    if len(new.endpoints) > LARGEST_SLICE:
        detail = f"must have at most {LARGEST_SLICE} items"
        yield FieldError("endpoints", detail, len(new.endpoints), ErrorType.TooMany)
    if len(new.ports) > MOST_PORTS:
        yield FieldError("ports", f"must have at most {MOST_PORTS} items", len(new.ports), ErrorType.TooMany)
    names: set[str] = set()
    for index, port in enumerate(new.ports):
        for problem in check_label(port.name) if port.name else ():
            yield invalid(f"ports[{index}].name", port.name, problem)
        if port.name in names:
            yield duplicate(f"ports[{index}].name", port.name)
        names.add(port.name)
        if not port.protocol:
            yield required(f"ports[{index}].protocol")
    check = _check_address(new)
    for index, endpoint in enumerate(new.endpoints):
        yield from _validate_endpoint(endpoint, f"endpoints[{index}]", check)
    if old is not None:
        yield from immutable("addressType", new.addressType, old.addressType)


@resource(
    "discovery.k8s.io/v1",
    "endpointslices",
    validate=validate,
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
