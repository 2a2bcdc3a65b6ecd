"""Endpoints: the addresses behind a Service, all in one object; EndpointSlices replace it."""

from __future__ import annotations

from typing import Annotated

from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int32, Part, atomic


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
    protocol: str = "TCP"


class EndpointSubset(Part):
    addresses: Annotated[tuple[EndpointAddress, ...], Atomic()] = ()
    notReadyAddresses: Annotated[tuple[EndpointAddress, ...], Atomic()] = ()
    ports: Annotated[tuple[EndpointPort, ...], Atomic()] = ()


@resource("v1", "endpoints")
class Endpoints(Object):
    subsets: Annotated[tuple[EndpointSubset, ...], Atomic()] = ()
