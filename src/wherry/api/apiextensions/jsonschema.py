"""JSONSchemaProps: the schema of a custom resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.machinery.schema import Atomic, Int64, ListMap, Merge, Part, Raw


class ExternalDocumentation(Part):
    description: str = ""
    url: str = ""


class ValidationRule(Part):
    fieldPath: str = ""
    message: str = ""
    messageExpression: str = ""
    optionalOldSelf: bool = False
    reason: str = ""
    rule: str = ""


class JSONSchemaProps(
    Part,
    rename={
        "ref": "$ref",
        "schema": "$schema",
        "not_": "not",
        "x_kubernetes_embedded_resource": "x-kubernetes-embedded-resource",
        "x_kubernetes_int_or_string": "x-kubernetes-int-or-string",
        "x_kubernetes_list_map_keys": "x-kubernetes-list-map-keys",
        "x_kubernetes_list_type": "x-kubernetes-list-type",
        "x_kubernetes_map_type": "x-kubernetes-map-type",
        "x_kubernetes_preserve_unknown_fields": "x-kubernetes-preserve-unknown-fields",
        "x_kubernetes_validations": "x-kubernetes-validations",
    },
):
    ref: str = ""
    schema: str = ""
    additionalItems: Raw | None = None
    additionalProperties: Raw | None = None
    allOf: Annotated[tuple[JSONSchemaProps, ...], Atomic()] = ()
    anyOf: Annotated[tuple[JSONSchemaProps, ...], Atomic()] = ()
    default: Raw | None = None
    definitions: Mapping[str, JSONSchemaProps] = {}
    dependencies: Mapping[str, Raw] = {}
    description: str = ""
    enum: Annotated[tuple[Raw, ...], Atomic()] = ()
    example: Raw | None = None
    exclusiveMaximum: bool = False
    exclusiveMinimum: bool = False
    externalDocs: ExternalDocumentation | None = None
    format: str = ""
    id: str = ""
    items: Raw | None = None
    maxItems: Int64 | None = None
    maxLength: Int64 | None = None
    maxProperties: Int64 | None = None
    maximum: float | None = None
    minItems: Int64 | None = None
    minLength: Int64 | None = None
    minProperties: Int64 | None = None
    minimum: float | None = None
    multipleOf: float | None = None
    not_: JSONSchemaProps | None = None
    nullable: bool = False
    oneOf: Annotated[tuple[JSONSchemaProps, ...], Atomic()] = ()
    pattern: str = ""
    patternProperties: Mapping[str, JSONSchemaProps] = {}
    properties: Mapping[str, JSONSchemaProps] = {}
    required: Annotated[tuple[str, ...], Atomic()] = ()
    title: str = ""
    type: str = ""
    uniqueItems: bool = False
    x_kubernetes_embedded_resource: bool = False
    x_kubernetes_int_or_string: bool = False
    x_kubernetes_list_map_keys: Annotated[tuple[str, ...], Atomic()] = ()
    x_kubernetes_list_type: str = ""
    x_kubernetes_map_type: str = ""
    x_kubernetes_preserve_unknown_fields: bool = False
    x_kubernetes_validations: Annotated[
        tuple[ValidationRule, ...], ListMap("rule"), Merge("merge", "rule")
    ] = ()
