"""ResourceClaimTemplate: a template that ResourceClaims are made from."""

from __future__ import annotations

from wherry.api.columns import AGE, NAME
from wherry.api.registry import resource
from wherry.api.resource.resourceclaim import ResourceClaimSpec
from wherry.machinery.meta import Object, ObjectMeta
from wherry.machinery.schema import Part


class ResourceClaimTemplateSpec(Part):
    metadata: ObjectMeta = ObjectMeta()
    spec: ResourceClaimSpec = ResourceClaimSpec()


@resource("resource.k8s.io/v1", "resourceclaimtemplates", columns=(NAME, AGE))
class ResourceClaimTemplate(Object):
    spec: ResourceClaimTemplateSpec = ResourceClaimTemplateSpec()
