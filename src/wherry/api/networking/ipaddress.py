"""IPAddress: an address that is taken by a Service."""

from __future__ import annotations

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Part


class ParentReference(Part):
    group: str = ""
    name: str = ""
    namespace: str = ""
    resource: str = ""


class IPAddressSpec(Part):
    parentRef: ParentReference = ParentReference()


@resource("networking.k8s.io/v1", "ipaddresses")
class IPAddress(Object):
    spec: IPAddressSpec = IPAddressSpec()
