"""What a path and a method mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.apiserver.target import Target, target_of

API, APPS = "/api/v1", "/apis/apps/v1"


def told(target: Target) -> tuple[str, str, str, str, str]:
    return target.verb, target.plural, target.namespace, target.name, target.subresource


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"{API}/pods", ("list", "pods", "", "", "")),
        ("GET", f"{API}/namespaces/a/pods", ("list", "pods", "a", "", "")),
        ("GET", f"{API}/namespaces/a/pods/p", ("get", "pods", "a", "p", "")),
        ("HEAD", f"{API}/namespaces/a/pods/p", ("get", "pods", "a", "p", "")),
        ("POST", f"{API}/namespaces/a/pods", ("create", "pods", "a", "", "")),
        ("PUT", f"{API}/namespaces/a/pods/p/status", ("update", "pods", "a", "p", "status")),
        ("PATCH", f"{APPS}/namespaces/a/deployments/d", ("patch", "deployments", "a", "d", "")),
        ("DELETE", f"{API}/namespaces/a/pods/p", ("delete", "pods", "a", "p", "")),
        ("DELETE", f"{API}/namespaces/a/pods", ("deletecollection", "pods", "a", "", "")),
        ("GET", f"{API}/nodes/n", ("get", "nodes", "", "n", "")),
        ("GET", f"{API}/namespaces", ("list", "namespaces", "", "", "")),
        ("GET", f"{API}/namespaces/a", ("get", "namespaces", "", "a", "")),
        ("PUT", f"{API}/namespaces/a/finalize", ("update", "namespaces", "", "a", "finalize")),
        ("PUT", f"{API}/namespaces/a/status", ("update", "namespaces", "", "a", "status")),
        ("GET", f"{API}/watch/namespaces/a/pods", ("watch", "pods", "a", "", "")),
        ("GET", f"{API}/watch/pods", ("watch", "pods", "", "", "")),
        ("POST", f"{API}/namespaces/a/pods/p/exec", ("create", "pods", "a", "p", "exec")),
    ],
)
def test_a_path_is_a_verb_on_a_resource(
    method: str, path: str, expected: tuple[str, str, str, str, str]
) -> None:
    found = target_of(method, path)
    assert told(found) == expected
    assert found.resource is not None
    assert found.resource.plural == expected[1]


def test_watch_is_list_that_goes_on() -> None:
    assert target_of("GET", f"{API}/pods", True).verb == "watch"
    assert target_of("GET", f"{API}/namespaces/a/pods/p", True).verb == "watch"
    assert target_of("DELETE", f"{API}/pods", True).verb == "deletecollection"


def test_what_follows_a_proxy_is_the_other_sides_path() -> None:
    found = target_of("GET", f"{API}/namespaces/a/services/s/proxy/a/b")
    assert (found.subresource, found.rest) == ("proxy", "a/b")
    assert found.resource is not None


@pytest.mark.parametrize(
    "path",
    [
        f"{API}/widgets",
        "/apis/example.com/v1/widgets",
        f"{API}/namespaces/a/nodes",  # nodes are in no namespace
        f"{API}/namespaces/a/pods/p/status/more",
    ],
)
def test_a_resource_that_is_not_served_has_none(path: str) -> None:
    found = target_of("GET", path)
    assert found.resource is None
    assert found.plural, "authorization still knows what was meant"


@pytest.mark.parametrize("path", ["/", "/api", "/apis", "/apis/apps", "/version", "/openapi/v3", "/metrics"])
def test_other_paths_are_paths(path: str) -> None:
    found = target_of("POST", path)
    assert (found.verb, found.plural, found.path) == ("post", "", path)
    assert found.attributes.path == path


def test_authorization_is_asked_about_the_resource() -> None:
    asked = target_of("PATCH", f"{APPS}/namespaces/a/deployments/d/scale").attributes
    assert (asked.verb, asked.group, asked.resource, asked.subresource, asked.namespace, asked.name) == (
        "patch",
        "apps",
        "deployments",
        "scale",
        "a",
        "d",
    )


@given(st.lists(st.text("abc/%.", max_size=5), max_size=8), st.sampled_from(["GET", "POST", "BREW"]))
def test_every_path_means_something(parts: list[str], method: str) -> None:
    path = "/" + "/".join(parts)
    for prefix in ("", "/api/v1", "/apis/apps/v1", "/api/v1/namespaces/x"):
        assert isinstance(target_of(method, prefix + path), Target)
