"""Discovery: which resources are served, in the two forms that clients ask for.

The aggregated form (apidiscovery.k8s.io/v2) says everything in two documents, with an ETag; the older one
is a document for each group and version.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from wherry.api.registry import Resource, Subresource
from wherry.machinery.schema import Tree

encode = msgspec.json.Encoder().encode
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Document:
    """Bytes with the tag that says whether they changed."""

    __slots__ = ("body", "etag")

    def __init__(self, tree: Tree) -> None:
        self.body = encode(tree)
        self.etag = f'"{hashlib.sha256(self.body).hexdigest().upper()}"'


class Discovery:
    """The documents for a set of resources. Made anew when the set changes."""

    def __init__(self, resources: Iterable[Resource], address: str) -> None:
        self.resources = tuple(resources)
        self.address = address
        self.groups: dict[str, dict[str, list[Resource]]] = {}
        for resource in self.resources:
            self.groups.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
        self._documents: dict[str, Document] = {}

    def aggregated(self, core: bool) -> Document:
        """What `/api` (core) and `/apis` (the others) answer in the aggregated form."""
        name = "aggregated core" if core else "aggregated"
        groups = {group: versions for group, versions in self.groups.items() if (group == "") is core}
        return self._made(
            name,
            lambda: {
                "kind": "APIGroupDiscoveryList",
                "apiVersion": "apidiscovery.k8s.io/v2",
                "metadata": {},
                "items": [_group(group, versions) for group, versions in groups.items()],
            },
        )

    def find(self, path: str) -> Document | None:
        """The older documents: `/api`, `/apis`, `/apis/<group>`, `/apis/<group>/<version>`, `/api/v1`."""
        parts = [part for part in path.split("/") if part]
        match parts:
            case ["api"]:
                return self._made("api", self._versions)
            case ["apis"]:
                return self._made("apis", self._group_list)
            case ["apis", group] if group in self.groups:
                return self._made(
                    group, lambda: {"kind": "APIGroup", "apiVersion": "v1", **self._api_group(group)}
                )
            case ["apis", group, version] if version in self.groups.get(group, {}):
                return self._made(f"{group}/{version}", lambda: self._resources(group, version))
            case ["api", version] if version in self.groups.get("", {}):
                return self._made(version, lambda: self._resources("", version))
        return None

    def _made(self, name: str, make: Any) -> Document:
        if name not in self._documents:
            self._documents[name] = Document(make())
        return self._documents[name]

    def _versions(self) -> Tree:
        return {
            "kind": "APIVersions",
            "versions": list(self.groups.get("", {})),
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": self.address}],
        }

    def _group_list(self) -> Tree:
        groups = [self._api_group(group) for group in self.groups if group]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}

    def _api_group(self, group: str) -> Tree:
        versions = [
            {"groupVersion": f"{group}/{version}", "version": version} for version in self.groups[group]
        ]
        return {"name": group, "versions": versions, "preferredVersion": versions[0]}

    def _resources(self, group: str, version: str) -> Tree:
        resources: list[Tree] = []
        for resource in self.groups[group][version]:
            resources.append(_api_resource(resource))
            resources += [_api_subresource(resource, sub) for sub in resource.subresources]
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": f"{group}/{version}" if group else version,
            "resources": sorted(resources, key=lambda found: found["name"]),
        }


def _group(group: str, versions: Mapping[str, Sequence[Resource]]) -> Tree:
    metadata: Tree = {"creationTimestamp": None}
    if group:
        metadata["name"] = group
    return {
        "metadata": metadata,
        "versions": [
            {
                "version": version,
                "resources": [
                    _resource(found) for found in sorted(resources, key=lambda found: found.plural)
                ],
                "freshness": "Current",
            }
            for version, resources in versions.items()
        ],
    }


def _resource(resource: Resource) -> Tree:
    tree: Tree = {
        "resource": resource.plural,
        "responseKind": {"group": "", "version": "", "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.shortNames:
        tree["shortNames"] = list(resource.shortNames)
    if resource.categories:
        tree["categories"] = list(resource.categories)
    if resource.subresources:
        found = sorted(resource.subresources, key=lambda sub: sub.name)
        tree["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": {"group": sub.group, "version": sub.version, "kind": sub.kind},
                "verbs": list(sub.verbs),
            }
            for sub in found
        ]
    return tree


def _api_resource(resource: Resource) -> Tree:
    tree: Tree = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.shortNames:
        tree["shortNames"] = list(resource.shortNames)
    if resource.categories:
        tree["categories"] = list(resource.categories)
    if "get" in resource.verbs:
        tree["storageVersionHash"] = storage_version_hash(resource)
    return tree


def _api_subresource(resource: Resource, sub: Subresource) -> Tree:
    tree: Tree = {
        "name": f"{resource.plural}/{sub.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": sub.kind,
        "verbs": list(sub.verbs),
    }
    if sub.version:
        tree.update(group=sub.group, version=sub.version)
    return tree


def storage_version_hash(resource: Resource) -> str:
    """Changes when objects come to be stored in another version."""
    group, version = resource.stored if resource.stored[1] else (resource.group, resource.version)
    digest = hashlib.sha256(f"{group}/{version}/{resource.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()
