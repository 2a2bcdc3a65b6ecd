"""The schemas, by what clients look up in them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.apiserver.conftest import Web

from wherry.api.registry import Resource, all_resources
from wherry.apiserver.openapi import OpenApi

ROWS = all_resources()
POD = "io.k8s.api.core.v1.Pod"


def documents() -> dict[str, dict[str, Any]]:
    made = OpenApi(ROWS, "v0")
    found = {}
    for path in json.loads(made.index())["paths"]:
        text = made.document(path)
        assert text is not None
        found[path] = json.loads(text)
    return found


DOCUMENTS = documents()


def document(resource: Resource) -> dict[str, Any]:
    path = f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"
    return DOCUMENTS[path]


def test_the_index_names_every_group_and_version() -> None:
    assert set(DOCUMENTS) == {
        f"apis/{row.group}/{row.version}" if row.group else f"api/{row.version}" for row in ROWS
    }


@pytest.mark.parametrize("path", sorted(DOCUMENTS))
def test_every_reference_leads_to_a_schema(path: str) -> None:
    text = json.dumps(DOCUMENTS[path])
    schemas = DOCUMENTS[path]["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', text)) <= set(schemas)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.qualified}/{row.version}")
def test_every_kind_is_found_by_group_version_and_kind(row: Resource) -> None:
    """`kubectl explain` and client-side validation begin here."""
    kind = {"group": row.group, "version": row.version, "kind": row.kind}
    schemas = document(row)["components"]["schemas"].values()
    assert len([each for each in schemas if kind in each.get("x-kubernetes-group-version-kind", ())]) == 1


@pytest.mark.parametrize("row", [row for row in ROWS if "patch" in row.verbs], ids=lambda row: row.qualified)
def test_patch_says_that_it_takes_field_validation(row: Resource) -> None:
    """kubectl leaves validation to the server only if it finds this."""
    path = row.path("{namespace}" if row.namespaced else "") + "/{name}"
    patch = document(row)["paths"][path]["patch"]
    assert "fieldValidation" in {each["name"] for each in patch["parameters"]}
    assert patch["x-kubernetes-group-version-kind"]["kind"] == row.kind
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]


def test_lists_that_merge_say_by_which_key() -> None:
    """Strategic merge patches are computed by the client from these."""
    spec = DOCUMENTS["api/v1"]["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]
    containers = spec["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-patch-strategy"] == "merge"
    assert containers["x-kubernetes-list-type"] == "map"
    assert containers["x-kubernetes-list-map-keys"] == ["name"]
    assert spec["nodeSelector"]["x-kubernetes-map-type"] == "atomic"


def test_defaults_and_formats_are_said() -> None:
    schemas = DOCUMENTS["api/v1"]["components"]["schemas"]
    port = schemas["io.k8s.api.core.v1.ContainerPort"]["properties"]
    assert port["protocol"]["default"] == "TCP"
    assert port["containerPort"]["format"] == "int32"
    meta = schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]["properties"]
    assert meta["creationTimestamp"] == {"type": "string", "format": "date-time"}
    assert schemas[POD]["properties"]["kind"] == {"type": "string"}


async def test_documents_can_be_kept_as_long_as_their_hash_is_the_same(web: Web) -> None:
    index = await web.tree("GET", "/openapi/v3")
    address = index["paths"]["apis/apps/v1"]["serverRelativeURL"]
    reply = await web.ask("GET", address)
    assert reply.status == 200
    assert "immutable" in reply.headers["cache-control"]
    assert reply.headers["etag"].strip('"') == address.partition("hash=")[2]
    plain = await web.ask("GET", "/openapi/v3/apis/apps/v1")
    assert plain.body == reply.body
    assert "immutable" not in plain.headers["cache-control"]
