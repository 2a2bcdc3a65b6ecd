"""IPAddress: an address that is taken by a Service."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.columns import NAME, NONE, column
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.addresses import NOT_IP, canonical_ip, check_ip
from wherry.machinery.errors import FieldError, invalid, required
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


def validate(new: IPAddress, old: IPAddress | None) -> Iterator[FieldError]:
    name = new.metadata.name
    if check_ip(name):
        yield invalid("metadata.name", name, NOT_IP)
    elif canonical_ip(name) != name:
        yield invalid("metadata.name", name, f'must be in canonical form ("{canonical_ip(name)}")')
    parent = new.spec.parentRef
    for field in ("resource", "name"):
        if not getattr(parent, field):
            yield required(f"spec.parentRef.{field}")
    if old is not None:
        yield from immutable("spec.parentRef", parent, old.spec.parentRef)


@resource(
    "networking.k8s.io/v1", "ipaddresses", validate=validate, columns=(NAME, column("ParentRef", _parent))
)
class IPAddress(Object):
    spec: IPAddressSpec = IPAddressSpec()
