"""Patches: four kinds, one result; server-side apply and its conflicts."""

from __future__ import annotations

import pytest
from tests.apiserver.conftest import Driver, configmap, deployment

from wherry.machinery.errors import BadRequest, Conflict, Invalid, UnsupportedMediaType


async def test_three_kinds_of_patch_change_an_image(api: Driver) -> None:
    await api.create("deployments", deployment())
    containers = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "x:2"}]}}}}
    patches = {
        "strategic": containers,
        "json": [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "x:3"}],
        "merge": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "x:4"}]}}}},
    }
    images = []
    for kind, body in patches.items():
        changed = await api.patch("deployments", "web", body, kind)
        images.append(changed["spec"]["template"]["spec"]["containers"][0]["image"])
    assert images == ["x:2", "x:3", "x:4"]


async def test_a_patch_of_an_unknown_kind_names_the_known_ones(api: Driver) -> None:
    await api.create("configmaps", configmap())
    with pytest.raises(UnsupportedMediaType, match=r"application/json-patch\+json"):
        await api.tree("patch", "configmaps", "a", {}, content_type="application/json")


async def test_a_patch_that_pins_an_older_version_is_a_conflict(api: Driver) -> None:
    made = await api.create("configmaps", configmap())
    await api.patch("configmaps", "a", {"data": {"x": "1"}})
    with pytest.raises(Conflict):
        await api.patch(
            "configmaps",
            "a",
            {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "data": {}},
        )


async def test_apply_creates_and_owns_what_it_says(api: Driver) -> None:
    made = await api.patch("configmaps", "a", configmap(x="1"), "apply", fieldManager="me")
    assert made["metadata"]["managedFields"][0]["operation"] == "Apply"
    again = await api.patch("configmaps", "a", configmap(), "apply", fieldManager="me")
    assert "x" not in (again.get("data") or {})


async def test_two_appliers_of_one_field_conflict_unless_forced(api: Driver) -> None:
    await api.patch("configmaps", "a", configmap(x="1"), "apply", fieldManager="me")
    with pytest.raises(Conflict, match=r'conflict with "me".*: \.data\.x'):
        await api.patch("configmaps", "a", configmap(x="2"), "apply", fieldManager="you")
    forced = await api.patch("configmaps", "a", configmap(x="2"), "apply", fieldManager="you", force="true")
    assert forced["data"] == {"x": "2"}


async def test_apply_without_a_manager_is_refused(api: Driver) -> None:
    with pytest.raises(Invalid, match="is required for apply patch"):
        await api.patch("configmaps", "a", configmap(), "apply")


async def test_apply_states_what_it_applies(api: Driver) -> None:
    with pytest.raises(BadRequest):
        await api.patch("configmaps", "a", {"data": {}}, "apply", fieldManager="me")


async def test_scale_is_a_view_of_the_replicas(api: Driver) -> None:
    await api.create("deployments", deployment(replicas=2))
    scale = await api.tree("get", "deployments", "web", subresource="scale")
    assert (scale["kind"], scale["spec"]["replicas"], scale["status"]["selector"]) == ("Scale", 2, "app=web")
    await api.patch("deployments", "web", {"spec": {"replicas": 7}}, subresource="scale")
    assert (await api.get("deployments", "web"))["spec"]["replicas"] == 7
