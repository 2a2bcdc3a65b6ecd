"""What the server writes into metadata, keeps there, and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.conftest import Driver, configmap, pod, resource

from wherry.apiserver.metadata import check
from wherry.machinery.errors import BadRequest, Conflict, Invalid


def problems(plural: str, **metadata: Any) -> list[tuple[str, str]]:
    return [(error.field, error.detail) for error in check(resource(plural), {"metadata": metadata})]


async def test_a_new_object_gets_uid_and_time_and_loses_what_only_the_server_sets(api: Driver) -> None:
    body = configmap("a")
    body["metadata"] |= {
        "uid": "mine",
        "creationTimestamp": "2001-01-01T00:00:00Z",
        "deletionTimestamp": "2001-01-01T00:00:00Z",
        "selfLink": "/x",
    }
    metadata = (await api.create("configmaps", body))["metadata"]
    assert metadata["uid"] != "mine"
    assert metadata["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert not {"deletionTimestamp", "selfLink"} & set(metadata)


async def test_a_generated_name_begins_as_asked(api: Driver) -> None:
    made = [await api.create("configmaps", {"metadata": {"generateName": "a-"}}) for _ in range(3)]
    names = {each["metadata"]["name"] for each in made}
    assert len(names) == 3
    assert all(name.startswith("a-") and len(name) == 7 for name in names)


async def test_the_namespace_is_the_urls(api: Driver) -> None:
    assert (await api.create("configmaps", configmap("a")))["metadata"]["namespace"] == "default"
    body = configmap("b")
    body["metadata"]["namespace"] = "other"
    with pytest.raises(BadRequest, match="the namespace of the provided object does not match"):
        await api.create("configmaps", body)


async def test_what_only_the_server_sets_stays(api: Driver) -> None:
    made = await api.create("pods", pod("a"))
    changed = await api.update(
        "pods",
        "a",
        {
            **made,
            "metadata": {"name": "a", "creationTimestamp": "2001-01-01T00:00:00Z", "generation": 99},
        },
    )
    for field in ("uid", "creationTimestamp", "generation"):
        assert changed["metadata"][field] == made["metadata"][field]


async def test_an_update_for_another_object_of_the_name_is_a_conflict(api: Driver) -> None:
    made = await api.create("configmaps", configmap("a"))
    made["metadata"]["uid"] = "another"
    with pytest.raises(Conflict, match="Precondition failed: UID in precondition: another"):
        await api.update("configmaps", "a", made)


async def test_the_name_is_the_urls(api: Driver) -> None:
    await api.create("configmaps", configmap("a"))
    with pytest.raises(BadRequest, match=r"the name of the object \(b\) does not match the name on the URL"):
        await api.update("configmaps", "a", configmap("b"))


async def test_no_finalizer_is_added_to_what_is_going(api: Driver) -> None:
    body = configmap("a")
    body["metadata"]["finalizers"] = ["example.com/one"]
    await api.create("configmaps", body)
    going = await api.delete("configmaps", "a")
    going["metadata"]["finalizers"] = ["example.com/one", "example.com/two"]
    with pytest.raises(Invalid, match="no new finalizers can be added if the object is being deleted"):
        await api.update("configmaps", "a", going)


@pytest.mark.parametrize(
    ("plural", "good", "bad"),
    [
        ("configmaps", ("a", "a.b", "a-1", "1"), ("A", "a_b", "-a", "a..b", "a" * 254)),
        ("namespaces", ("a", "a-1"), ("a.b", "A", "a" * 64)),
        ("services", ("a", "a-b", "1a"), ("a.b", "A", "a" * 64)),
        ("clusterroles", ("system:discovery", "A b"), ("a/b", "a%b", ".", "..")),
    ],
)
def test_names_are_as_their_resource_wants_them(
    plural: str, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    assert not [name for name in good if problems(plural, name=name)]
    assert not [name for name in bad if not problems(plural, name=name)]


def test_without_a_name_nothing_is_made() -> None:
    assert problems("configmaps") == [("metadata.name", "name or generateName is required")]


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("labels", {"-": "x"}, "metadata.labels"),
        ("labels", {"a": "not a value!"}, "metadata.labels"),
        ("annotations", {"a b": ""}, "metadata.annotations"),
        ("annotations", {"a": "x" * (256 * 1024)}, "metadata.annotations"),
        ("finalizers", ["nodomain!"], "metadata.finalizers"),
        (
            "ownerReferences",
            [{"kind": "A", "name": "a", "uid": "u"}],
            "metadata.ownerReferences[0].apiVersion",
        ),
        (
            "ownerReferences",
            [{"apiVersion": "v1", "kind": "A", "name": n, "uid": n, "controller": True} for n in "ab"],
            "metadata.ownerReferences",
        ),
    ],
)
def test_what_is_not_as_it_must_be_is_named(field: str, value: Any, path: str) -> None:
    assert [found for found, _ in problems("configmaps", name="a", **{field: value})] == [path]


def test_what_is_in_no_namespace_says_none() -> None:
    assert problems("nodes", name="a", namespace="b") == [("metadata.namespace", "not allowed on this type")]
