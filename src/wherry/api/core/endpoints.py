"""Endpoints: the addresses behind a Service, all in one object; EndpointSlices replace it."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NAME, column, first_of
from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.machinery.meta import Object
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


@resource(
    "v1",
    "endpoints",
    columns=(NAME, column("Endpoints", _addresses), AGE),
    create_on_update=True,
)
class Endpoints(Object):
    subsets: Annotated[tuple[EndpointSubset, ...], Atomic()] = ()
