"""What is served, in the two forms that clients ask for."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from tests.apiserver.conftest import Web

from wherry.api.registry import all_resources
from wherry.apiserver.discovery import AGGREGATED

ACCEPT = (
    f"{AGGREGATED},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)


async def test_the_aggregated_form_says_everything_in_two_documents(web: Web) -> None:
    found = Counter[tuple[str, str, str]]()
    for path in ("/api", "/apis"):
        reply = await web.ask("GET", path, Accept=ACCEPT)
        assert reply.headers["content-type"] == AGGREGATED
        tree = json.loads(reply.body)
        assert (tree["kind"], tree["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
        for group in tree["items"]:
            for version in group["versions"]:
                for resource in version["resources"]:
                    found[group["metadata"].get("name", ""), version["version"], resource["resource"]] += 1
    assert found == Counter((row.group, row.version, row.plural) for row in all_resources())


async def test_a_resource_is_described_as_kubectl_needs_it(web: Web) -> None:
    tree = await web.tree("GET", "/api", Accept=ACCEPT)
    (version,) = tree["items"][0]["versions"]
    pods = next(each for each in version["resources"] if each["resource"] == "pods")
    assert pods["scope"] == "Namespaced"
    assert pods["singularResource"] == "pod"
    assert pods["shortNames"] == ["po"]
    assert pods["categories"] == ["all"]
    assert pods["responseKind"]["kind"] == "Pod"
    assert set(pods["verbs"]) == {
        "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
    }  # fmt: skip
    subresources = {each["subresource"] for each in pods["subresources"]}
    assert {"status", "log", "exec", "attach", "portforward", "binding", "eviction"} <= subresources


@pytest.mark.parametrize("path", ["/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1"])
@pytest.mark.parametrize("accept", ["application/json", ACCEPT])
async def test_who_has_the_document_is_not_sent_it_again(web: Web, path: str, accept: str) -> None:
    first = await web.ask("GET", path, Accept=accept)
    again = await web.ask("GET", path, Accept=accept, If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await web.ask("GET", path, Accept=accept, If_None_Match='"other"')
    assert (other.status, other.body) == (200, first.body)


async def test_the_older_form_is_a_document_a_level(web: Web) -> None:
    assert (await web.tree("GET", "/api"))["versions"] == ["v1"]
    groups = (await web.tree("GET", "/apis"))["groups"]
    assert {group["name"] for group in groups} == {row.group for row in all_resources() if row.group}
    apps = await web.tree("GET", "/apis/apps")
    assert apps["kind"] == "APIGroup"
    assert apps["preferredVersion"] == {"groupVersion": "apps/v1", "version": "v1"}
    listed = await web.tree("GET", "/apis/apps/v1")
    assert (listed["kind"], listed["groupVersion"]) == ("APIResourceList", "apps/v1")
    names = [each["name"] for each in listed["resources"]]
    assert names == sorted(names)
    assert {"deployments", "deployments/scale", "deployments/status"} <= set(names)


async def test_every_document_that_an_index_names_is_there(web: Web) -> None:
    for group in (await web.tree("GET", "/apis"))["groups"]:
        for version in group["versions"]:
            reply = await web.ask("GET", f"/apis/{version['groupVersion']}/")
            assert reply.status == 200
