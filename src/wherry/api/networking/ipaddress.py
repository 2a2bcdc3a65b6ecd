"""IPAddress: an address that is taken by a Service."""

from __future__ import annotations

from wherry.api.columns import NAME, NONE, column
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


def _parent(found: IPAddress) -> str:
    parent = found.spec.parentRef
    if not parent.resource:
        return NONE
    resource = f"{parent.resource}.{parent.group}" if parent.group else parent.resource
    return f"{resource}/{parent.namespace}/{parent.name}"


@resource("networking.k8s.io/v1", "ipaddresses", columns=(NAME, column("ParentRef", _parent)))
class IPAddress(Object):
    spec: IPAddressSpec = IPAddressSpec()
