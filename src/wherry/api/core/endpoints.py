"""Endpoints: the addresses behind a Service, all in one object; EndpointSlices replace it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NAME, column, first_of
from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.machinery.addresses import check_endpoint, check_ip
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Object, ObjectMeta
from wherry.machinery.names import Check, check_label, check_port
from wherry.machinery.schema import Atomic, Int32, OneOf, Part, atomic


@atomic
class EndpointAddress(Part):
    hostname: str = ""
    ip: str = ""
    nodeName: str = ""
    targetRef: ObjectReference | None = None


@atomic
class EndpointPort(Part):
    appProtocol: str = ""
    name: str = ""
    port: Int32 = 0
    protocol: Annotated[str, OneOf("SCTP", "TCP", "UDP")] = "TCP"


class EndpointSubset(Part):
    addresses: Annotated[tuple[EndpointAddress, ...], Atomic()] = ()
    notReadyAddresses: Annotated[tuple[EndpointAddress, ...], Atomic()] = ()
    ports: Annotated[tuple[EndpointPort, ...], Atomic()] = ()


def _addresses(endpoints: Endpoints) -> str:
    """Ready addresses with each port."""
    found: list[str] = []
    for subset in endpoints.subsets:
        for address in subset.addresses:
            host = f"[{address.ip}]" if ":" in address.ip else address.ip
            found += [f"{host}:{port.port}" for port in subset.ports] or [address.ip]
    return first_of(found)


def check_address(metadata: ObjectMeta) -> Check:
    """The rule for an object's addresses. The API server of a cluster on one machine may be local to it."""
    is_server = (metadata.namespace, metadata.name) == ("default", "kubernetes")
    return check_ip if is_server else check_endpoint


def _validate_addresses(
    addresses: tuple[EndpointAddress, ...], path: str, check: Check
) -> Iterator[FieldError]:
    for index, address in enumerate(addresses):
        for problem in check(address.ip):
            yield invalid(f"{path}[{index}].ip", address.ip, problem)
        for problem in check_label(address.hostname) if address.hostname else ():
            yield invalid(f"{path}[{index}].hostname", address.hostname, problem)


def validate(new: Endpoints, old: Endpoints | None) -> Iterator[FieldError]:
    check = check_address(new.metadata)
    for index, subset in enumerate(new.subsets):
        where = f"subsets[{index}]"
        if not subset.addresses and not subset.notReadyAddresses:
            yield required(where, "must specify `addresses` or `notReadyAddresses`")
        yield from _validate_addresses(subset.addresses, f"{where}.addresses", check)
        yield from _validate_addresses(subset.notReadyAddresses, f"{where}.notReadyAddresses", check)
        for at, port in enumerate(subset.ports):
            if len(subset.ports) > 1 and not port.name:
                yield required(f"{where}.ports[{at}].name")
            for problem in check_label(port.name) if port.name else ():
                yield invalid(f"{where}.ports[{at}].name", port.name, problem)
            for problem in check_port(port.port):
                yield invalid(f"{where}.ports[{at}].port", port.port, problem)


@resource(
    "v1",
    "endpoints",
    validate=validate,
    columns=(NAME, column("Endpoints", _addresses), AGE),
    create_on_update=True,
)
class Endpoints(Object):
    subsets: Annotated[tuple[EndpointSubset, ...], Atomic()] = ()
