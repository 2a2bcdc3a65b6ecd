"""ResourceClaimTemplate: a template that ResourceClaims are made from."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.columns import AGE, NAME
from wherry.api.registry import resource
from wherry.api.resource.resourceclaim import ResourceClaimSpec
from wherry.api.resource.validation import validate_devices
from wherry.api.rules import immutable
from wherry.machinery.errors import FieldError
from wherry.machinery.meta import Object, ObjectMeta
from wherry.machinery.schema import Part


class ResourceClaimTemplateSpec(Part):
    metadata: ObjectMeta = ObjectMeta()
    spec: ResourceClaimSpec = ResourceClaimSpec()


def validate(new: ResourceClaimTemplate, old: ResourceClaimTemplate | None) -> Iterator[FieldError]:
    yield from validate_devices(new.spec.spec.devices, "spec.spec.devices")
    if old is not None:
        yield from immutable("spec", new.spec, old.spec)


@resource("resource.k8s.io/v1", "resourceclaimtemplates", validate=validate, columns=(NAME, AGE))
class ResourceClaimTemplate(Object):
    spec: ResourceClaimTemplateSpec = ResourceClaimTemplateSpec()
