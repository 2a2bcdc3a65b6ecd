"""Deleting: at once, with grace, held by finalizers, with preconditions, many at once."""

from __future__ import annotations

import pytest
from tests.apiserver.conftest import Driver, configmap, pod

from wherry.machinery.errors import Conflict, Forbidden, NotFound


async def test_an_object_is_gone_at_once_and_a_status_says_so(api: Driver) -> None:
    made = await api.create("configmaps", configmap())
    status = await api.delete("configmaps", "a")
    assert status["status"] == "Success"
    assert status["details"]["uid"] == made["metadata"]["uid"]
    with pytest.raises(NotFound):
        await api.get("configmaps", "a")


async def bound(api: Driver, name: str = "a") -> None:
    await api.create("pods", pod(name))
    await api.tree("create", "pods", name, {"target": {"kind": "Node", "name": "n"}}, subresource="binding")


async def test_a_pod_on_a_node_has_its_grace_and_later_requests_only_shorten_it(api: Driver) -> None:
    await bound(api)
    first = (await api.delete("pods", "a"))["metadata"]
    assert (first["deletionGracePeriodSeconds"], first["deletionTimestamp"]) == (30, "2026-01-01T00:00:30Z")
    longer = (await api.delete("pods", "a", {"gracePeriodSeconds": 60}))["metadata"]
    assert longer["deletionGracePeriodSeconds"] == 30
    shorter = (await api.delete("pods", "a", {"gracePeriodSeconds": 5}))["metadata"]
    assert shorter["deletionGracePeriodSeconds"] == 5


async def test_the_node_ends_a_pod_with_grace_zero(api: Driver) -> None:
    await bound(api)
    await api.delete("pods", "a")
    await api.delete("pods", "a", {"gracePeriodSeconds": 0})
    with pytest.raises(NotFound):
        await api.get("pods", "a")


async def test_a_pod_that_never_ran_is_gone_at_once(api: Driver) -> None:
    await api.create("pods", pod())
    await api.delete("pods", "a")
    with pytest.raises(NotFound):
        await api.get("pods", "a")


async def test_a_finalizer_holds_an_object_until_it_is_removed(api: Driver) -> None:
    body = configmap()
    body["metadata"]["finalizers"] = ["example.com/hold"]
    await api.create("configmaps", body)
    marked = await api.delete("configmaps", "a")
    assert marked["metadata"]["deletionTimestamp"]
    await api.patch("configmaps", "a", {"metadata": {"finalizers": None}})
    with pytest.raises(NotFound):
        await api.get("configmaps", "a")


@pytest.mark.parametrize(
    ("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")]
)
async def test_the_propagation_policy_becomes_a_finalizer(api: Driver, policy: str, finalizer: str) -> None:
    await api.create("configmaps", configmap())
    marked = await api.delete("configmaps", "a", {"propagationPolicy": policy})
    assert marked["metadata"]["finalizers"] == [finalizer]


async def test_a_precondition_that_does_not_hold_is_a_conflict(api: Driver) -> None:
    await api.create("configmaps", configmap())
    with pytest.raises(Conflict, match="Precondition failed: UID in precondition: other"):
        await api.delete("configmaps", "a", {"preconditions": {"uid": "other"}})


async def test_namespaces_that_the_cluster_needs_stay(api: Driver) -> None:
    with pytest.raises(Forbidden, match="this namespace may not be deleted"):
        await api.delete("namespaces", "kube-system")


async def test_a_namespace_goes_when_its_finalizer_does(api: Driver) -> None:
    await api.create("namespaces", {"metadata": {"name": "old"}})
    marked = await api.delete("namespaces", "old")
    assert marked["status"]["phase"] == "Terminating"
    with pytest.raises(Conflict, match="The system is ensuring all content is removed"):
        await api.delete("namespaces", "old")
    marked["spec"]["finalizers"] = []
    await api.update("namespaces", "old", marked, subresource="finalize")
    with pytest.raises(NotFound):
        await api.get("namespaces", "old")


async def test_a_collection_goes_as_it_was_selected(api: Driver) -> None:
    for name in ("a", "b"):
        await api.create("pods", pod(name))
    await api.do("deletecollection", "pods", labelSelector="app=a")
    assert await api.names("pods") == ["b"]
