import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.errors import BadRequest, Invalid, RequestEntityTooLarge
from wherry.machinery.patch_json import MAX_OPERATIONS, apply, escaped, pointer, same

names = st.sampled_from(["a", "b", "c/d", "e~f", "0", "-"])
trees = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
)
paths = st.lists(names | st.sampled_from(["0", "1", "-1", "9"]), max_size=3).map(
    lambda steps: "".join(f"/{escaped(step)}" for step in steps)
)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": paths},
    optional={"value": trees, "from": paths},
)


def op(op: str, path: str, **rest: Any) -> dict[str, Any]:
    if "source" in rest:
        rest["from"] = rest.pop("source")
    return {"op": op, "path": path, **rest}


@given(trees, st.lists(operations, max_size=6))
def test_never_changes_what_it_is_given_and_fails_in_one_way(tree: Any, patch: list[dict[str, Any]]) -> None:
    before = copy.deepcopy((tree, patch))
    with contextlib.suppress(Invalid):
        apply(tree, patch)
    assert same(list(before), [tree, patch])


@given(trees, paths, trees)
def test_what_was_added_stands_there_and_can_be_removed(tree: Any, path: str, value: Any) -> None:
    try:
        added = apply(tree, [op("add", path, value=value)])
    except Invalid:
        return
    if path and not path.endswith("/-"):
        apply(added, [op("test", path, value=value)])
        removed = apply(added, [op("remove", path)])
        assert not same(removed, added)


@pytest.mark.parametrize(
    ("tree", "operation", "result"),
    [
        ({"a": 1}, op("add", "/b", value=2), {"a": 1, "b": 2}),
        ({"a": [1, 3]}, op("add", "/a/1", value=2), {"a": [1, 2, 3]}),
        ({"a": [1]}, op("add", "/a/-", value=2), {"a": [1, 2]}),
        ({"a": [1, 2]}, op("add", "/a/-1", value=3), {"a": [1, 2, 3]}),
        ({"a": [1, 2]}, op("remove", "/a/-1"), {"a": [1]}),
        ({"a": [1, 2]}, op("replace", "/a/0", value=3), {"a": [3, 2]}),
        ({"a": 1}, op("replace", "", value={"b": 2}), {"b": 2}),
        ({"a": 1}, op("add", "", value={"b": 2}), {"b": 2}),
        ({"a": {"b": 1}}, op("move", "/c", source="/a/b"), {"a": {}, "c": 1}),
        ({"a": {"b": 1}}, op("copy", "/c", source="/a"), {"a": {"b": 1}, "c": {"b": 1}}),
        ({"m": {"x/y": 1}}, op("replace", "/m/x~1y", value=2), {"m": {"x/y": 2}}),
        ({"a": 1}, op("test", "/b", value=None), {"a": 1}),
        ({"a": 1}, op("test", "/a", value=1), {"a": 1}),
        ({"a": None}, op("replace", "/a", value=1), {"a": 1}),
    ],
)
def test_operations(tree: Any, operation: dict[str, Any], result: Any) -> None:
    assert apply(tree, [operation]) == result


@pytest.mark.parametrize(
    "operation",
    [
        op("test", "/a", value=2),
        op("test", "/a", value=True),
        op("remove", "/b"),
        op("remove", ""),
        op("replace", "/b", value=1),
        op("add", "/b/c", value=1),
        op("add", "/a/c", value=1),
        op("add", "/l/3", value=1),
        op("add", "/l/-5", value=1),
        op("add", "/l/x", value=1),
        op("remove", "/l/2"),
        op("add", "b", value=1),
        op("add", "/b"),
        op("move", "/b"),
        op("copy", "/b", source="/c"),
        op("copy", "/b", source="/l/9"),
        op("merge", "/a"),
        {"op": "add", "value": 1},
        {"op": "add", "path": 1, "value": 1},
    ],
)
def test_what_cannot_be_done_is_invalid(operation: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="the server rejected our request") as caught:
        apply({"a": 1, "l": [1, 2]}, [operation])
    assert caught.value.causes[0].message


@pytest.mark.parametrize("body", [{}, "x", [1], None])
def test_what_is_no_list_of_operations_is_a_bad_request(body: Any) -> None:
    with pytest.raises(BadRequest):
        apply({}, body)


def test_the_number_of_operations_is_bounded() -> None:
    one = op("test", "/a", value=1)
    assert apply({"a": 1}, [one] * MAX_OPERATIONS) == {"a": 1}
    with pytest.raises(RequestEntityTooLarge, match="maximum operations in a JSON patch is 10000, got 10001"):
        apply({"a": 1}, [one] * (MAX_OPERATIONS + 1))


def test_a_copy_leads_its_own_life() -> None:
    patch = [
        op("add", "/a", value={}),
        op("add", "/a/x", value=1),
        op("copy", "/b", source="/a"),
        op("add", "/b/y", value=2),
        op("add", "/a/z", value=3),
    ]
    assert apply({}, patch) == {"a": {"x": 1, "z": 3}, "b": {"x": 1, "y": 2}}


def test_many_changes_of_one_list_copy_it_once() -> None:
    patch = [op("add", "/a/-", value=i) for i in range(MAX_OPERATIONS)]
    assert apply({"a": []}, patch)["a"] == list(range(MAX_OPERATIONS))


def test_pointers() -> None:
    assert pointer("/a~1b/c~0d/") == ["a/b", "c~d", ""]
    assert escaped("a/b~c") == "a~1b~0c"


def test_the_kubectl_migration_to_server_side_apply() -> None:
    """kubectl rewrites managedFields, guarded by resourceVersion."""
    tree = {"metadata": {"resourceVersion": "7", "managedFields": [{"manager": "old"}]}}
    patch = [
        op("replace", "/metadata/managedFields", value=[{"manager": "new"}]),
        op("replace", "/metadata/resourceVersion", value="7"),
    ]
    assert apply(tree, patch)["metadata"]["managedFields"] == [{"manager": "new"}]
