"""`scale`: the replica count of a workload, whatever its kind."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.conftest import Driver, deployment

from wherry.machinery.errors import BadRequest, Conflict, Invalid, NotFound, StatusError
from wherry.machinery.schema import Tree


@pytest.fixture
async def web(api: Driver) -> Tree:
    return await api.create("deployments", deployment("web", 2))


async def write(api: Driver, body: Any, verb: str = "update", **options: Any) -> Tree:
    return await api.tree(verb, "deployments", "web", body, subresource="scale", **options)


async def read(api: Driver) -> Tree:
    return await api.tree("get", "deployments", "web", subresource="scale")


async def test_a_scale_is_a_view(api: Driver, web: Tree) -> None:
    found = await read(api)
    assert (found["kind"], found["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert found["spec"] == {"replicas": 2}
    assert found["status"] == {"replicas": 0, "selector": "app=web"}
    for field in ("uid", "resourceVersion", "creationTimestamp"):
        assert found["metadata"][field] == web["metadata"][field]


async def test_writing_it_changes_the_object_behind(api: Driver, web: Tree) -> None:
    found = await read(api)
    found["spec"]["replicas"] = 5
    assert (await write(api, found))["spec"]["replicas"] == 5
    changed = await api.get("deployments", "web")
    assert changed["spec"]["replicas"] == 5
    assert changed["metadata"]["generation"] == 2


async def test_it_can_be_patched(api: Driver, web: Tree) -> None:
    merge = "application/merge-patch+json"
    await write(api, {"spec": {"replicas": 7}}, "patch", content_type=merge)
    assert (await api.get("deployments", "web"))["spec"]["replicas"] == 7


async def test_the_field_is_owned_by_who_scales(api: Driver, web: Tree) -> None:
    await write(api, {"metadata": {"name": "web"}, "spec": {"replicas": 5}}, agent="scaler/1")
    managed = (await api.get("deployments", "web"))["metadata"]["managedFields"]
    (own,) = [entry for entry in managed if entry["manager"] == "scaler"]
    assert own["subresource"] == "scale"
    assert own["fieldsV1"] == {"f:spec": {"f:replicas": {}}}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"spec": {"replicas": -1}}, Invalid),
        ({"spec": {"replicas": "many"}}, BadRequest),
        ({"metadata": {"name": "other"}}, BadRequest),
        ({"metadata": {"resourceVersion": "1"}}, Conflict),
        ({"kind": "Deployment", "apiVersion": "apps/v1"}, BadRequest),
        ([], BadRequest),
    ],
)
async def test_what_makes_no_sense_is_refused(
    api: Driver, web: Tree, body: Any, error: type[StatusError]
) -> None:
    with pytest.raises(error):
        await write(api, body)
    assert (await api.get("deployments", "web"))["spec"]["replicas"] == 2


async def test_what_is_not_there_is_not_scaled(api: Driver) -> None:
    with pytest.raises(NotFound):
        await read(api)
