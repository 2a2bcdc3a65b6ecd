"""Every served type against the published schema of the same release, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from wherry.api.registry import Resource, all_resources
from wherry.machinery.schema import Shape, shape_of

FOLDER = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / "v1.37.0-local"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
SPECIAL = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": (str, "quantity"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ((int, str), "int-or-string"),
    META + "Time": (str, "date-time"),
    META + "MicroTime": (str, "micro-time"),
}
RAW = {
    "io.k8s.apimachinery.pkg.runtime.RawExtension",
    META + "FieldsV1",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
}
GROUPS = {
    "": "io.k8s.api.core",
    "apiextensions.k8s.io": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
    "apiregistration.k8s.io": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
}
TYPES = {"string": str, "integer": int, "boolean": bool, "number": float}
# Differences that are meant, with the reason.
EXCEPTIONS: dict[str, str] = {}


@cache
def definitions() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "_definitions.json").read_text())["$defs"]
    return found


def definition_of(group: str, version: str, kind: str) -> str:
    base = GROUPS.get(group) or "io.k8s.api." + group.removesuffix(".k8s.io").partition(".")[0]
    return f"{base}.{version}.{kind}"


def type_of(schema: dict[str, Any]) -> str:
    found: Any = schema.get("type", "")
    return str(next(name for name in found if name != "null")) if isinstance(found, list) else str(found)


def compare(shape: Shape, schema: dict[str, Any], path: str, seen: set[tuple[Any, str]]) -> Iterator[str]:
    """Sentences about what differs at `path` and below."""
    reference = schema.get("$ref", "").removeprefix("#/$defs/")
    if reference in SPECIAL:
        if (shape.type, shape.format) != SPECIAL[reference]:
            yield f"{path}: {reference} is not {shape.type} {shape.format}"
    elif reference in RAW:
        if shape.kind != "raw":
            yield f"{path}: {reference} is not {shape.kind}"
    elif reference:
        yield from compare_part(shape, schema, reference, path, seen)
    else:
        yield from compare_plain(shape, schema, path, seen)
    patch = schema.get("x-kubernetes-patch-strategy", ""), schema.get("x-kubernetes-patch-merge-key", "")
    if patch != (shape.patch_strategy, shape.merge_key):
        yield f"{path}: patched by {patch}, not by {(shape.patch_strategy, shape.merge_key)}"


def compare_part(
    shape: Shape, schema: dict[str, Any], reference: str, path: str, seen: set[tuple[Any, str]]
) -> Iterator[str]:
    found = definitions()[reference]
    if shape.kind != "part":
        yield f"{path}: {reference} is not {shape.kind}"
        return
    if shape.type.__name__ != reference.rpartition(".")[2]:
        yield f"{path}: {reference} is not {shape.type.__name__}"
    map_type = schema.get("x-kubernetes-map-type") or found.get("x-kubernetes-map-type", "")
    if shape.map_type != map_type:
        yield f"{path}: map type {map_type!r} is not {shape.map_type!r}"
    if (shape.type, reference) in seen:
        return
    seen.add((shape.type, reference))
    yield from compare_fields(shape, found, path, seen)


def compare_fields(
    shape: Shape, found: dict[str, Any], path: str, seen: set[tuple[Any, str]]
) -> Iterator[str]:
    properties: dict[str, Any] = found.get("properties", {})
    fields = shape.fields
    # An object's own class says its apiVersion and kind.
    names = {name for name in properties if not (name in ("apiVersion", "kind") and "metadata" in properties)}
    for name in sorted(names - fields.keys()):
        yield f"{path}.{name}: missing"
    for name in sorted(fields.keys() - names):
        yield f"{path}.{name}: not in the schema"
    for name in sorted(names & fields.keys()):
        yield from compare(fields[name], properties[name], f"{path}.{name}", seen)


def compare_plain(
    shape: Shape, schema: dict[str, Any], path: str, seen: set[tuple[Any, str]]
) -> Iterator[str]:
    kind = type_of(schema)
    if kind == "array":
        if shape.kind != "list" or shape.items is None:
            yield f"{path}: a list is not {shape.kind}"
            return
        listed = schema.get("x-kubernetes-list-type", ""), tuple(schema.get("x-kubernetes-list-map-keys", ()))
        if listed != (shape.list_type, shape.list_keys):
            yield f"{path}: list {listed} is not {(shape.list_type, shape.list_keys)}"
        yield from compare(shape.items, schema["items"], f"{path}[]", seen)
    elif kind == "object":
        if shape.kind != "map" or shape.items is None:
            yield f"{path}: a map is not {shape.kind}"
            return
        if schema.get("x-kubernetes-map-type", "") != shape.map_type:
            yield f"{path}: map type {schema.get('x-kubernetes-map-type', '')!r} is not {shape.map_type!r}"
        yield from compare(shape.items, schema["additionalProperties"], f"{path}{{}}", seen)
    elif shape.kind != "scalar" or shape.type is not TYPES[kind]:
        yield f"{path}: {kind} is not {shape.kind} {shape.type}"
    elif kind != "number" and schema.get("format", "") != shape.format:
        yield f"{path}: format {schema.get('format', '')!r} is not {shape.format!r}"


@pytest.mark.parametrize("resource", all_resources(), ids=lambda row: f"{row.qualified}/{row.version}")
def test_type_has_exactly_the_fields_of_the_schema(resource: Resource) -> None:
    found = definitions()[definition_of(resource.group, resource.version, resource.kind)]
    differences = compare_fields(shape_of(resource.type), found, resource.kind, set())
    assert [line for line in differences if line.partition(":")[0] not in EXCEPTIONS] == []


@pytest.mark.parametrize(("module", "group", "version", "kind"), [
    ("autoscaling.scale", "autoscaling", "v1", "Scale"),
    ("policy.eviction", "policy", "v1", "Eviction"),
    ("authentication.tokenrequest", "authentication.k8s.io", "v1", "TokenRequest"),
])  # fmt: skip
def test_types_of_subresources_have_exactly_the_fields_of_the_schema(
    module: str, group: str, version: str, kind: str
) -> None:
    row = Resource(group, version, kind, "", module=module)
    found = definitions()[definition_of(group, version, kind)]
    assert list(compare_fields(shape_of(row.type), found, kind, set())) == []
