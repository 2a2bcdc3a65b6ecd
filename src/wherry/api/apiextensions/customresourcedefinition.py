"""CustomResourceDefinition: a new kind of object."""

from __future__ import annotations

from typing import Annotated

from wherry.api.apiextensions.jsonschema import JSONSchemaProps
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Bytes, Int32, Int64, ListMap, Part, Time


class CustomResourceColumnDefinition(Part):
    description: str = ""
    format: str = ""
    jsonPath: str = ""
    name: str = ""
    priority: Int32 | None = None
    type: str = ""


class ServiceReference(Part):
    name: str = ""
    namespace: str = ""
    path: str = ""
    port: Int32 = 443


class WebhookClientConfig(Part):
    caBundle: Bytes = ""
    service: ServiceReference | None = None
    url: str = ""


class WebhookConversion(Part):
    clientConfig: WebhookClientConfig | None = None
    conversionReviewVersions: Annotated[tuple[str, ...], Atomic()] = ()


class CustomResourceConversion(Part):
    strategy: str = ""
    webhook: WebhookConversion | None = None


class CustomResourceDefinitionCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    observedGeneration: Int64 | None = None
    reason: str = ""
    status: str = ""
    type: str = ""


class CustomResourceDefinitionNames(Part):
    categories: Annotated[tuple[str, ...], Atomic()] = ()
    kind: str = ""
    listKind: str = ""
    plural: str = ""
    shortNames: Annotated[tuple[str, ...], Atomic()] = ()
    singular: str = ""


class CustomResourceSubresourceScale(Part):
    labelSelectorPath: str = ""
    specReplicasPath: str = ""
    statusReplicasPath: str = ""


class CustomResourceSubresourceStatus(Part):
    pass


class CustomResourceSubresources(Part):
    scale: CustomResourceSubresourceScale | None = None
    status: CustomResourceSubresourceStatus | None = None


class CustomResourceValidation(Part):
    openAPIV3Schema: JSONSchemaProps | None = None


class SelectableField(Part):
    jsonPath: str = ""


class CustomResourceDefinitionVersion(Part):
    additionalPrinterColumns: Annotated[tuple[CustomResourceColumnDefinition, ...], Atomic()] = ()
    deprecated: bool = False
    deprecationWarning: str = ""
    name: str = ""
    schema: CustomResourceValidation | None = None
    selectableFields: Annotated[tuple[SelectableField, ...], Atomic()] = ()
    served: bool = False
    storage: bool = False
    subresources: CustomResourceSubresources | None = None


class CustomResourceDefinitionSpec(Part):
    conversion: CustomResourceConversion | None = None
    group: str = ""
    names: CustomResourceDefinitionNames = CustomResourceDefinitionNames()
    preserveUnknownFields: bool = False
    scope: str = ""
    versions: Annotated[tuple[CustomResourceDefinitionVersion, ...], Atomic()] = ()


class CustomResourceDefinitionStatus(Part):
    acceptedNames: CustomResourceDefinitionNames | None = None
    conditions: Annotated[tuple[CustomResourceDefinitionCondition, ...], ListMap("type")] = ()
    observedGeneration: Int64 = 0
    storedVersions: Annotated[tuple[str, ...], Atomic()] = ()


@resource("apiextensions.k8s.io/v1", "customresourcedefinitions")
class CustomResourceDefinition(Object):
    spec: CustomResourceDefinitionSpec = CustomResourceDefinitionSpec()
    status: CustomResourceDefinitionStatus = CustomResourceDefinitionStatus()
