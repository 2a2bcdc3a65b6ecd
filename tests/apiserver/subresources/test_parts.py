"""Subresources that change one part of an object and nothing else."""

from __future__ import annotations

import pytest
from tests.apiserver.conftest import Driver, pod

from wherry.machinery.errors import Conflict, NotFound
from wherry.machinery.schema import Tree

MERGE = "application/merge-patch+json"


async def test_finalize_changes_a_namespaces_finalizers_alone(api: Driver) -> None:
    made = await api.create("namespaces", {"metadata": {"name": "n"}})
    assert made["spec"]["finalizers"] == ["kubernetes"]
    made["spec"]["finalizers"] = []
    made["metadata"]["labels"] = {"a": "b"}
    changed = await api.update("namespaces", "n", made, subresource="finalize")
    assert not changed["spec"].get("finalizers")
    assert "a" not in changed["metadata"]["labels"]


async def test_a_finalized_namespace_that_is_going_is_gone(api: Driver) -> None:
    await api.create("namespaces", {"metadata": {"name": "n"}})
    going = await api.delete("namespaces", "n")
    assert going["status"]["phase"] == "Terminating"
    going["spec"]["finalizers"] = []
    await api.update("namespaces", "n", going, subresource="finalize")
    with pytest.raises(NotFound):
        await api.get("namespaces", "n")


async def test_approval_changes_conditions_alone(api: Driver) -> None:
    spec = {"request": "eA==", "signerName": "example.com/s", "usages": ["client auth"]}
    made = await api.create("certificatesigningrequests", {"metadata": {"name": "c"}, "spec": spec})
    made["status"] = {
        "conditions": [{"type": "Approved", "status": "True", "reason": "Trusted"}],
        "certificate": "eA==",
    }
    changed = await api.update("certificatesigningrequests", "c", made, subresource="approval")
    assert changed["status"]["conditions"][0]["type"] == "Approved"
    assert "certificate" not in changed["status"]


@pytest.fixture
async def running(api: Driver) -> Tree:
    return await api.create("pods", pod("p", nodeName="n1"))


async def test_ephemeral_containers_are_added_to_a_running_pod(api: Driver, running: Tree) -> None:
    body = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "busybox:1"}]}}
    options = {"subresource": "ephemeralcontainers", "content_type": "application/strategic-merge-patch+json"}
    changed = await api.tree("patch", "pods", "p", body, **options)
    (added,) = changed["spec"]["ephemeralContainers"]
    assert added["name"] == "debug"
    assert added["terminationMessagePath"] == "/dev/termination-log", "defaults are set"
    assert changed["spec"]["containers"] == running["spec"]["containers"]


async def test_resize_changes_resources_alone(api: Driver) -> None:
    made = pod("p")
    made["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "50m"}}
    made = await api.create("pods", made)
    made["spec"]["containers"][0] |= {
        "resources": {"requests": {"cpu": "100m"}},
        "image": "other:1",
    }
    changed = await api.update("pods", "p", made, subresource="resize")
    (container,) = changed["spec"]["containers"]
    assert container["resources"]["requests"] == {"cpu": "100m"}
    assert container["image"] == "x:1"


async def test_who_saw_an_older_one_is_told(api: Driver, running: Tree) -> None:
    await api.patch("pods", "p", {"metadata": {"labels": {"x": "y"}}})
    with pytest.raises(Conflict):
        await api.update("pods", "p", running, subresource="resize")


async def test_what_is_not_there_has_no_parts(api: Driver) -> None:
    with pytest.raises(NotFound):
        await api.tree("get", "pods", "none", subresource="resize")
