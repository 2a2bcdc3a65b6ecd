import copy
from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.errors import BadRequest, StatusError
from wherry.machinery.meta import Object
from wherry.machinery.patch_strategic import apply
from wherry.machinery.schema import Merge, Part, shape_of
from wherry.machinery.view import View


class Env(Part):
    name: str = ""
    value: str = ""


class Port(Part):
    containerPort: int = 0
    name: str = ""
    protocol: str = ""


class Container(Part):
    args: tuple[str, ...] = ()
    env: Annotated[tuple[Env, ...], Merge("merge", "name")] = ()
    image: str = ""
    name: str = ""
    ports: Annotated[tuple[Port, ...], Merge("merge", "containerPort")] = ()


class Strategy(Part):
    rollingUpdate: Mapping[str, str] = {}
    type: str = ""


class Spec(Part):
    containers: Annotated[tuple[Container, ...], Merge("merge", "name")] = ()
    limits: Mapping[str, str] = {}
    replaced: Annotated[Mapping[str, str], Merge("replace")] = {}
    replicas: int = 0
    strategy: Annotated[Strategy, Merge("retainKeys")] = Strategy()
    unkeyed: Annotated[tuple[Env, ...], Merge("merge")] = ()


class Thing(Object):
    spec: Spec = Spec()


THING = shape_of(Thing)
POD = {"spec": {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}}


def patched(tree: Any, patch: Any) -> Any:
    before = copy.deepcopy((tree, patch))
    result = apply(tree, patch, THING)
    assert (tree, patch) == before
    return result


def spec(tree: Any, patch: Any) -> Any:
    return patched({"spec": tree}, {"spec": patch})["spec"]


def containers(old: list[Any], patch: list[Any], **rest: Any) -> Any:
    return spec({"containers": old}, {"containers": patch, **rest})["containers"]


def named(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def test_a_shape_is_a_view() -> None:
    assert isinstance(THING, View)


def test_kubectl_set_image() -> None:
    patch = {
        "spec": {
            "$setElementOrder/containers": named("a", "b"),
            "containers": [{"name": "b", "image": "b:2"}],
        }
    }
    assert patched(POD, patch)["spec"]["containers"] == [
        {"name": "a", "image": "a:1"},
        {"name": "b", "image": "b:2"},
    ]


def test_kubectl_apply_adds_changes_and_removes_containers() -> None:
    patch = {
        "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
        "spec": {
            "$setElementOrder/containers": named("c", "b"),
            "containers": [
                {"name": "c", "image": "c:1"},
                {"name": "b", "image": "b:2", "args": None},
                {"$patch": "delete", "name": "a"},
            ],
        },
    }
    result = patched(POD, patch)
    assert result["spec"]["containers"] == [{"name": "c", "image": "c:1"}, {"name": "b", "image": "b:2"}]
    assert "kubectl.kubernetes.io/last-applied-configuration" in result["metadata"]["annotations"]


def test_kubectl_edit_of_a_port_keeps_the_others() -> None:
    old = [{"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 81}]}]
    patch = [
        {
            "$setElementOrder/ports": [{"containerPort": 80}, {"containerPort": 81}],
            "name": "a",
            "ports": [{"containerPort": 81, "name": "x"}],
        }
    ]
    order = {"$setElementOrder/containers": named("a")}
    assert containers(old, patch, **order)[0]["ports"] == [
        {"containerPort": 80, "protocol": "TCP"},
        {"containerPort": 81, "name": "x"},
    ]


def test_of_two_ports_with_one_number_the_first_is_patched() -> None:
    old = [{"name": "a", "ports": [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53}]}]
    ports = containers(old, [{"name": "a", "ports": [{"containerPort": 53, "name": "x"}]}])[0]["ports"]
    assert {"containerPort": 53, "protocol": "TCP", "name": "x"} in ports


def test_kubectl_cordon_and_rollout_restart() -> None:
    assert spec({"limits": {"a": "1"}}, {"limits": {"a": None, "b": "2"}, "replicas": 3}) == {
        "limits": {"b": "2"},
        "replicas": 3,
    }


def test_without_an_order_new_items_come_first() -> None:
    assert containers(named("a", "b"), named("c")) == named("c", "a", "b")


def test_items_of_the_patch_come_in_its_order_and_others_stay_between() -> None:
    assert containers(named("a", "b", "c", "d"), named("c", "a")) == named("b", "c", "a", "d")
    order = {"$setElementOrder/containers": named("c", "a")}
    assert containers(named("a", "b", "c", "d"), [], **order) == named("b", "c", "a", "d")


def test_an_order_alone_sorts() -> None:
    result = spec({"containers": named("a", "b")}, {"$setElementOrder/containers": named("b", "a")})
    assert result == {"containers": named("b", "a")}
    assert spec({}, {"$setElementOrder/containers": named("b")}) == {}


@pytest.mark.parametrize("patch", [{"containers": named("b", "a")}, {"containers": named("c")}])
def test_a_patch_must_follow_its_own_order(patch: dict[str, Any]) -> None:
    with pytest.raises(StatusError, match=r"doesn't match \$setElementOrder list"):
        spec({"containers": named("a")}, {"$setElementOrder/containers": named("a", "b"), **patch})


def test_lists_of_plain_values_merge_as_sets() -> None:
    tree = {"metadata": {"finalizers": ["a", "b"]}}
    result = patched(tree, {"metadata": {"finalizers": ["c", "a"]}})
    assert result["metadata"]["finalizers"] == ["c", "a", "b"]


def test_values_are_taken_out_of_lists() -> None:
    tree = {"metadata": {"finalizers": ["a", "b", "c"]}}
    patch = {
        "metadata": {
            "$deleteFromPrimitiveList/finalizers": ["b"],
            "$setElementOrder/finalizers": ["c", "a", "d"],
            "finalizers": ["d"],
        }
    }
    assert patched(tree, patch)["metadata"]["finalizers"] == ["c", "a", "d"]
    assert patched({"metadata": {}}, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"]}}) == {
        "metadata": {}
    }


def test_lists_without_a_strategy_are_replaced() -> None:
    assert containers([{"name": "a", "args": ["x", "y"]}], [{"name": "a", "args": ["z"]}])[0]["args"] == ["z"]


def test_directives_in_objects() -> None:
    old = {"limits": {"a": "1"}, "replicas": 1}
    assert spec(old, {"$patch": "replace", "replicas": 2, "limits": None}) == {"replicas": 2}
    assert spec(old, {"$patch": "delete"}) == {}
    assert spec(old, {"$patch": "merge", "replicas": 2}) == {"limits": {"a": "1"}, "replicas": 2}
    assert spec({"replaced": {"a": "1"}}, {"replaced": {"b": "2"}}) == {"replaced": {"b": "2"}}


def test_directives_in_lists() -> None:
    assert containers(named("a", "b"), [{"$patch": "replace"}, *named("c")]) == named("c")
    assert containers(named("a", "b"), [{"$patch": "delete", "name": "a"}]) == named("b")
    assert spec({}, {"containers": [{"$patch": "delete", "name": "a"}, *named("b")]}) == {
        "containers": named("b")
    }


def test_only_retained_fields_stay() -> None:
    old = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "1"}}}
    patch = {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}
    assert spec(old, patch) == {"strategy": {"type": "Recreate"}}


def test_new_places_keep_neither_nulls_nor_directives() -> None:
    patch = {
        "strategy": {"$retainKeys": ["type"], "type": "Recreate", "rollingUpdate": None},
        "$setElementOrder/containers": named("a"),
        "containers": [{"name": "a", "image": None, "$setElementOrder/env": named("x"), "env": named("x")}],
    }
    assert patched({}, {"spec": patch}) == {
        "spec": {"strategy": {"type": "Recreate"}, "containers": [{"name": "a", "env": named("x")}]}
    }


def test_fields_that_the_type_does_not_know_are_merged_plainly() -> None:
    assert spec({"x": {"a": [1]}}, {"x": {"a": [2], "b": 1}}) == {"x": {"a": [2], "b": 1}}
    assert apply({"x": {"a": 1}}, {"x": {"b": 1}}, None) == {"x": {"a": 1, "b": 1}}
    assert apply({"x": [1, 2]}, {"$setElementOrder/x": [2, 1]}, None) == {"x": [2, 1]}


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"$patch": "burn"}, "unknown patch type"),
        ({"containers": [{"image": "x"}]}, "does not contain declared merge key: name"),
        ({"containers": ["x", {"name": "y"}]}, "expected an object with the merge key name"),
        ({"containers": [{"$patch": "merge", "name": "a"}]}, "merging lists cannot yet be specified"),
        ({"containers": [{"$patch": "burn", "name": "a"}]}, "unknown patch type"),
        ({"$setElementOrder/unknown": ["a"]}, 'unable to find api field for the json field "unknown"'),
        ({"unkeyed": [{"name": "a"}]}, "cannot merge lists without merge key"),
    ],
)
def test_patches_that_make_no_sense(patch: Any, message: str) -> None:
    with pytest.raises(StatusError, match=message) as caught:
        patched({"spec": {"containers": named("a")}}, {"spec": patch})
    assert caught.value.code == 500  # as upstream


@pytest.mark.parametrize(
    "patch",
    [
        {"strategy": {"$retainKeys": "type"}},
        {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {}}},
        {"$setElementOrder/containers": "a"},
        {"$setElementOrder/containers": named("a"), "containers": "a"},
        {"$deleteFromPrimitiveList": ["a"]},
        {"$deleteFromPrimitiveList/containers": "a"},
    ],
)
def test_malformed_directives_are_bad_requests(patch: Any) -> None:
    with pytest.raises(BadRequest, match="invalid patch format"):
        spec({"strategy": {"type": "x"}}, patch)


def test_a_patch_is_an_object() -> None:
    with pytest.raises(BadRequest, match="invalid JSON document"):
        apply({}, [], THING)


names = st.lists(st.sampled_from("abcdef"), unique=True)


@given(names, names)
def test_merging_keeps_all_items_once_and_both_orders(old: list[str], new: list[str]) -> None:
    result = [item["name"] for item in containers(named(*old), named(*new))]
    assert sorted(result) == sorted({*old, *new})
    assert [name for name in result if name in new] == new
    assert [name for name in result if name not in new] == [name for name in old if name not in new]


@given(names, names)
def test_an_order_is_followed(old: list[str], new: list[str]) -> None:
    result = spec({"containers": named(*old)}, {"$setElementOrder/containers": named(*new)})
    listed = [item["name"] for item in result["containers"]]
    assert [name for name in listed if name in new] == [name for name in new if name in old]
