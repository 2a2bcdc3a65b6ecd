"""OpenAPI: the types as schemas, a document for each group and version, made when first asked for.

What kubectl reads there: whether PATCH takes `fieldValidation`, how lists merge, which kind a schema
describes, and the fields that `explain` lists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from wherry.api.registry import Resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Shape, Tree, shape_of

encode = msgspec.json.Encoder().encode
JSON = "application/json"
PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
FORMATS: dict[str, Tree] = {
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "byte": {"type": "string", "format": "byte"},
    "date-time": {"type": "string", "format": "date-time"},
    "micro-time": {"type": "string", "format": "date-time"},
    "quantity": {"type": "string"},
    "int-or-string": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
}
SCALARS: dict[type, Tree] = {str: {"type": "string"}, bool: {"type": "boolean"}, int: {"type": "integer"}}
PACKAGES = {
    "apiextensions": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
    "apiregistration": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
    "meta": "io.k8s.apimachinery.pkg.apis.meta",
}


class OpenApi:
    """Documents for a set of resources."""

    def __init__(self, resources: Sequence[Resource], version: str) -> None:
        self.version = version
        self.groups: dict[tuple[str, str], list[Resource]] = {}
        for resource in resources:
            self.groups.setdefault((resource.group, resource.version), []).append(resource)
        self._documents: dict[str, bytes] = {}
        self._index: bytes = b""

    def index(self) -> bytes:
        """`/openapi/v3`: where each document is, with a hash that changes when it does."""
        if not self._index:
            # The documents follow from the program alone: its version names them without making them.
            self._index = encode(
                {
                    "paths": {
                        path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={self.hash(path)}"}
                        for path in map(_path, self.groups)
                    }
                }
            )
        return self._index

    def hash(self, path: str) -> str:
        return hashlib.sha256(f"{self.version} {path}".encode()).hexdigest().upper()

    def document(self, path: str) -> bytes | None:
        """`api/v1`, `apis/apps/v1`; None where no such group and version is served."""
        if path not in self._documents:
            found = next(
                (resources for group, resources in self.groups.items() if _path(group) == path), None
            )
            if found is None:
                return None
            self._documents[path] = encode(_Builder(found, self.version).document())
        return self._documents[path]


def _path(group_version: tuple[str, str]) -> str:
    group, version = group_version
    return f"apis/{group}/{version}" if group else f"api/{version}"


class _Builder:
    def __init__(self, resources: Sequence[Resource], version: str) -> None:
        self.resources = resources
        self.version = version
        self.schemas: dict[str, Tree] = {}

    def document(self) -> Tree:
        paths: dict[str, Tree] = {}
        for resource in self.resources:
            self._resource(resource, paths)
        return {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": self.version},
            "paths": paths,
            "components": {"schemas": self.schemas},
        }

    def _resource(self, resource: Resource, paths: dict[str, Tree]) -> None:
        name = self.part(resource.shape)
        kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        schema = self.schemas[name]
        schema["x-kubernetes-group-version-kind"] = [kind]
        base = resource.path("{namespace}" if resource.namespaced else "")
        collection: set[str] = {
            verb for verb in ("list", "create", "deletecollection") if verb in resource.verbs
        }
        item: set[str] = {verb for verb in ("get", "update", "patch", "delete") if verb in resource.verbs}
        if collection:
            paths[base] = self._operations(resource, name, kind, collection)
        if item:
            paths[base + "/{name}"] = self._operations(resource, name, kind, item)
        for sub in resource.subresources:
            if sub.name == "status":
                verbs = set(sub.verbs)
                paths[f"{base}/{{name}}/status"] = self._operations(resource, name, kind, verbs)

    def _operations(self, resource: Resource, name: str, kind: Tree, verbs: set[str]) -> Tree:
        """The operations on one path."""
        reference = {"schema": {"$ref": f"#/components/schemas/{name}"}}
        answer = {"200": {"description": "OK", "content": {JSON: reference}}}
        found: Tree = {}
        for method, verb, action in (
            ("get", "get", "get"),
            ("get", "list", "list"),
            ("post", "create", "post"),
            ("put", "update", "put"),
            ("patch", "patch", "patch"),
            ("delete", "delete", "delete"),
            ("delete", "deletecollection", "deletecollection"),
        ):
            if verb not in verbs:
                continue
            operation: Tree = {
                "operationId": f"{action}{resource.version}{resource.kind}",
                "parameters": _parameters(verb),
                "responses": answer,
                "x-kubernetes-action": action,
                "x-kubernetes-group-version-kind": kind,
            }
            if verb in ("create", "update"):
                operation["requestBody"] = {"required": True, "content": {"*/*": reference}}
            elif verb == "patch":
                content = {media: {"schema": {"type": "object"}} for media in PATCHES}
                operation["requestBody"] = {"required": True, "content": content}
            found[method] = operation
        return found

    def part(self, shape: Shape) -> str:
        """The name of a part's schema, which is made if it is not there yet."""
        name = schema_name(shape.type)
        if name in self.schemas:
            return name
        schema: Tree = {"type": "object"}
        self.schemas[name] = schema  # before its fields: some contain themselves
        properties: Tree = {}
        if isinstance(shape.type, type) and issubclass(shape.type, Object):
            properties["apiVersion"] = {"type": "string"}
            properties["kind"] = {"type": "string"}
        for field, found in shape.fields.items():
            properties[field] = self.place(found)
        if properties:
            schema["properties"] = properties
        if shape_of(shape.type).map_type == "atomic":
            schema["x-kubernetes-map-type"] = "atomic"
        if doc := _doc(shape.type):
            schema["description"] = doc
        return name

    def place(self, shape: Shape) -> Tree:
        """The schema of one field."""
        match shape.kind:
            case "part":
                tree: Tree = {"allOf": [{"$ref": f"#/components/schemas/{self.part(shape)}"}], "default": {}}
            case "list" if shape.items is not None:
                tree = {"type": "array", "items": self.place(shape.items)}
            case "map" if shape.items is not None:
                tree = {"type": "object", "additionalProperties": self.place(shape.items)}
            case "raw":
                tree = {"type": "object"}
            case _:
                tree = dict(FORMATS.get(shape.format) or SCALARS.get(shape.type, {"type": "number"}))
        if isinstance(shape.default, (str, int, bool)):
            tree["default"] = shape.default
        tree.update(_extensions(shape))
        return tree


def _extensions(shape: Shape) -> Tree:
    found: dict[str, Any] = {
        "x-kubernetes-list-type": shape.list_type,
        "x-kubernetes-list-map-keys": list(shape.list_keys),
        "x-kubernetes-patch-strategy": shape.patch_strategy,
        "x-kubernetes-patch-merge-key": shape.merge_key,
        "enum": list(shape.one_of),
    }
    if shape.kind == "map" and shape.map_type:
        found["x-kubernetes-map-type"] = shape.map_type
    return {name: value for name, value in found.items() if value}


OPTIONS: dict[str, tuple[str, ...]] = {
    "get": ("pretty",),
    "list": ("pretty", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "watch"),
    "create": ("pretty", "dryRun", "fieldManager", "fieldValidation"),
    "update": ("pretty", "dryRun", "fieldManager", "fieldValidation"),
    "patch": ("pretty", "dryRun", "fieldManager", "fieldValidation", "force"),
    "delete": ("pretty", "dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"),
    "deletecollection": ("pretty", "dryRun", "fieldSelector", "labelSelector", "propagationPolicy"),
}
OPTION_TYPES = {"limit": "integer", "gracePeriodSeconds": "integer", "force": "boolean", "watch": "boolean"}


def _parameters(verb: str) -> list[Tree]:
    """What the query of an operation may say. kubectl looks for `fieldValidation` on patch."""
    return [
        {
            "name": name,
            "in": "query",
            "schema": {"type": OPTION_TYPES.get(name, "string"), "uniqueItems": True},
        }
        for name in OPTIONS[verb]
    ]


def _doc(kind: type) -> str:
    """Our own words on a type, where there are any: the first line of its file's docstring for kinds."""
    import sys

    module = sys.modules.get(kind.__module__)
    text = (module.__doc__ or "") if module is not None else ""
    first = text.strip().partition("\n")[0]
    return first if first.startswith(f"{kind.__name__}:") else ""


def schema_name(kind: type) -> str:
    """`io.k8s.api.apps.v1.Deployment`, as clients know the types."""
    folder = kind.__module__.split(".")[-2]
    if folder in ("machinery", "meta"):
        return f"{PACKAGES['meta']}.v1.{kind.__name__}"
    version = "v1"
    if folder == "autoscaling" and not kind.__module__.endswith(("v1", ".scale")):
        version = "v2"
    elif folder == "scheduling" and kind.__module__.endswith(".workload"):
        version = "v1beta1"
    return f"{PACKAGES.get(folder, 'io.k8s.api.' + folder)}.{version}.{kind.__name__}"
