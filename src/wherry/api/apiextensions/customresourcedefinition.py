"""CustomResourceDefinition: a new kind of object."""

from __future__ import annotations

from typing import Annotated

from wherry.api.apiextensions.jsonschema import JSONSchemaProps
from wherry.api.apiextensions.validation import validate
from wherry.api.columns import NAME, column, wide
from wherry.api.registry import resource
from wherry.machinery.conditions import has_condition
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Bytes, Int32, Int64, ListMap, OneOf, Part, Time, Tree


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
    strategy: Annotated[str, OneOf("None", "Webhook")] = ""
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

    @staticmethod
    def complete(tree: Tree) -> None:
        kind = tree.get("kind")
        if kind and not tree.get("singular"):
            tree["singular"] = kind.lower()
        if kind and not tree.get("listKind"):
            tree["listKind"] = f"{kind}List"


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
    scope: Annotated[str, OneOf("Cluster", "Namespaced")] = ""
    versions: Annotated[tuple[CustomResourceDefinitionVersion, ...], Atomic()] = ()

    @staticmethod
    def complete(tree: Tree) -> None:
        if not tree.get("conversion"):
            tree["conversion"] = {"strategy": "None"}


class CustomResourceDefinitionStatus(Part):
    acceptedNames: CustomResourceDefinitionNames | None = None
    conditions: Annotated[tuple[CustomResourceDefinitionCondition, ...], ListMap("type")] = ()
    observedGeneration: Int64 = 0
    storedVersions: Annotated[tuple[str, ...], Atomic()] = ()


def _storage_version(tree: Tree) -> str:
    versions = (tree.get("spec") or {}).get("versions") or ()
    return next((str(each.get("name", "")) for each in versions if each.get("storage")), "")


def _versions(found: CustomResourceDefinition) -> str:
    return ",".join(
        sorted(
            each.name + ("(storage)" if each.storage else "") for each in found.spec.versions if each.served
        )
    )


def prepare(tree: Tree, old: Tree | None) -> None:
    """The versions in which objects may be stored: each that was the storage version, until somebody says otherwise."""
    version = _storage_version(tree)
    status = tree.setdefault("status", {})
    stored = status.setdefault("storedVersions", [])
    if version and version not in stored:
        stored.append(version)


@resource(
    "apiextensions.k8s.io/v1",
    "customresourcedefinitions",
    prepare=prepare,
    validate=validate,
    columns=(
        NAME,
        column("Scope", lambda found: found.spec.scope),
        column("Versions", _versions),
        column("Created At", lambda found: found.metadata.creationTimestamp, "date"),
        wide("Group", lambda found: found.spec.group),
        wide("Kind", lambda found: found.spec.names.kind),
        wide("ShortNames", lambda found: ",".join(found.spec.names.shortNames)),
        wide("Established", lambda found: has_condition(found.status.conditions, "Established"), "boolean"),
    ),
    generation=True,
    needs_version=True,
)
class CustomResourceDefinition(Object):
    spec: CustomResourceDefinitionSpec = CustomResourceDefinitionSpec()
    status: CustomResourceDefinitionStatus = CustomResourceDefinitionStatus()

    @staticmethod
    def complete(tree: Tree) -> None:
        status = tree.setdefault("status", {})
        if not status.get("storedVersions") and (version := _storage_version(tree)):
            status["storedVersions"] = [version]
