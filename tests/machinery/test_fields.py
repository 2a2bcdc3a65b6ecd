import copy
from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.errors import StatusError
from wherry.machinery.fields import all_fields, applied_fields, compare, merge, prune
from wherry.machinery.fieldset import FieldSet, difference, paths, same, union
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Atomic, ListMap, ListSet, Part, Raw, shape_of


class Port(Part):
    containerPort: int = 0
    name: str = ""
    protocol: str = "TCP"


class Probe(Part):
    period: int = 0


class Item(Part):
    args: Annotated[tuple[str, ...], Atomic()] = ()
    image: str = ""
    name: str = ""
    ports: Annotated[tuple[Port, ...], ListMap("containerPort", "protocol")] = ()
    probe: Probe | None = None
    resources: Mapping[str, str] = {}


class Spec(Part):
    items: Annotated[tuple[Item, ...], ListMap("name")] = ()
    extra: Raw | None = None
    nested: Mapping[str, Probe] = {}
    probe: Probe | None = None
    replicas: int = 0
    selector: LabelSelector = LabelSelector()
    tags: Annotated[tuple[str, ...], ListSet()] = ()


class Thing(Object):
    spec: Spec = Spec()


THING = shape_of(Thing)
A = 'k:{"name":"a"}'


def listed(fields: FieldSet) -> set[str]:
    return set(paths(fields))


def test_a_creator_owns_every_place_but_parts_that_are_always_there() -> None:
    tree = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "items": [{"name": "a", "args": ["x"], "resources": {"cpu": "1"}, "probe": {}, "ports": []}],
            "probe": {"period": 1},
            "tags": ["x"],
            "nested": {"n": {"period": 1}},
            "extra": {"free": [{"a": 1}], "form": {"b": None}},
        },
    }
    assert all_fields(tree, THING) == {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:selector": {},
            "f:items": {
                ".": {},
                A: {
                    ".": {},
                    "f:name": {},
                    "f:args": {},
                    "f:resources": {".": {}, "f:cpu": {}},
                    "f:probe": {},
                    "f:ports": {},
                },
            },
            "f:probe": {".": {}, "f:period": {}},
            "f:tags": {".": {}, 'v:"x"': {}},
            "f:nested": {".": {}, "f:n": {".": {}, "f:period": {}}},
            "f:extra": {".": {}, "f:free": {}, "f:form": {".": {}, "f:b": {}}},
        },
    }


def test_an_applier_owns_what_it_names() -> None:
    tree = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "items": [{"name": "a", "ports": [{"containerPort": 80}], "probe": {}}],
            "tags": ["x"],
            "nested": {"n": {"period": 1}},
        },
    }
    assert applied_fields(tree, THING) == {
        "f:metadata": {"f:labels": {"f:app": {}}},
        "f:spec": {
            "f:items": {
                A: {
                    ".": {},
                    "f:name": {},
                    "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
                    "f:probe": {},
                }
            },
            "f:tags": {'v:"x"': {}},
            "f:nested": {"f:n": {".": {}, "f:period": {}}},
        },
    }


def test_without_a_view_maps_are_walked_and_lists_are_one_place() -> None:
    tree = {"spec": {"list": [{"a": 1}], "map": {"b": {"c": 1}}}}
    assert listed(all_fields(tree, None)) == {
        ".spec",
        ".spec.list",
        ".spec.map",
        ".spec.map.b",
        ".spec.map.b.c",
    }
    assert listed(applied_fields(tree, None)) == {
        ".spec.list",
        ".spec.map",
        ".spec.map.b",
        ".spec.map.b.c",
        ".spec",
    }


def test_differences_are_found_item_by_item() -> None:
    old = {
        "spec": {
            "replicas": 1,
            "items": [{"name": "a", "image": "1"}, {"name": "b"}],
            "tags": ["x", "y"],
            "selector": {"matchLabels": {"a": "b"}},
        }
    }
    new = {
        "spec": {
            "items": [{"name": "c"}, {"name": "a", "image": "2"}],
            "tags": ["y", "z"],
            "selector": {"matchLabels": {"a": "c"}},
            "probe": {"period": 1},
        }
    }
    changed, removed = compare(old, new, THING)
    assert listed(changed) == {
        '.spec.items[name="a"].image',
        '.spec.items[name="c"]',
        '.spec.items[name="c"].name',
        '.spec.tags[="z"]',
        ".spec.selector",
        ".spec.probe",
        ".spec.probe.period",
    }
    assert listed(removed) == {
        ".spec.replicas",
        '.spec.items[name="b"]',
        '.spec.items[name="b"].name',
        '.spec.tags[="x"]',
    }


def test_another_order_is_no_difference() -> None:
    old = {"spec": {"items": [{"name": "a"}, {"name": "b"}]}}
    new = {"spec": {"items": [{"name": "b"}, {"name": "a"}]}}
    assert compare(old, new, THING) == ({}, {})


def test_items_that_share_their_keys_are_one_place() -> None:
    old = {"spec": {"items": [{"name": "a", "image": "1"}, {"name": "a", "image": "2"}]}}
    new = {"spec": {"items": [{"name": "a", "image": "1"}, {"name": "a", "image": "3"}]}}
    changed, removed = compare(old, new, THING)
    assert listed(changed) == {
        '.spec.items[name="a"]',
        '.spec.items[name="a"].name',
        '.spec.items[name="a"].image',
    }
    assert removed == {}
    merged = merge(old, {"spec": {"items": [{"name": "a", "image": "4"}]}}, THING)
    assert merged == {"spec": {"items": [{"name": "a", "image": "4"}]}}


def test_a_place_of_another_kind_is_changed_as_a_whole() -> None:
    changed, removed = compare({"x": {"a": {"b": 1}}}, {"x": {"a": [1]}}, None)
    assert listed(changed) == {".x.a"}
    assert listed(removed) == {".x.a.b"}
    assert compare({"x": 1}, {"x": True}, None) == ({"f:x": {}}, {})


def test_a_part_that_is_always_there_can_come_and_go() -> None:
    assert compare({}, {"spec": {}}, THING) == ({}, {})
    assert compare({"spec": {"replicas": 1}}, {}, THING) == ({}, {"f:spec": {"f:replicas": {}}})


def test_applied_fields_go_over_live_ones() -> None:
    live = {
        "metadata": {"labels": {"a": "1", "b": "2"}},
        "spec": {
            "items": [
                {
                    "name": "a",
                    "image": "1",
                    "args": ["x"],
                    "ports": [{"containerPort": 80, "protocol": "TCP"}],
                }
            ],
            "selector": {"matchLabels": {"a": "b"}},
            "tags": ["x"],
        },
    }
    applied = {
        "metadata": {"labels": {"b": "3"}},
        "spec": {
            "items": [{"name": "a", "args": ["y"], "ports": [{"containerPort": 80, "name": "p"}]}],
            "selector": {"matchLabels": {"c": "d"}},
            "tags": ["y"],
        },
    }
    before = copy.deepcopy((live, applied))
    assert merge(live, applied, THING) == {
        "metadata": {"labels": {"a": "1", "b": "3"}},
        "spec": {
            "items": [
                {
                    "name": "a",
                    "image": "1",
                    "args": ["y"],
                    "ports": [{"containerPort": 80, "protocol": "TCP", "name": "p"}],
                }
            ],
            "selector": {"matchLabels": {"c": "d"}},
            "tags": ["x", "y"],
        },
    }
    assert (live, applied) == before


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("abc", "", "abc"),
        ("", "abc", "abc"),
        ("ab", "cd", "abcd"),
        ("abcd", "bd", "abcd"),
        ("abcd", "db", "adbc"),
        ("abc", "ca", "bca"),
        ("abc", "axc", "abxc"),
        ("ab", "xa", "xab"),
    ],
)
def test_items_come_in_the_order_applied(live: str, applied: str, merged: str) -> None:
    result = merge({"spec": {"tags": list(live)}}, {"spec": {"tags": list(applied)}}, THING)
    got = "".join(result["spec"]["tags"])
    assert sorted(got) == sorted(merged)
    assert [letter for letter in got if letter in applied] == list(applied)


def test_what_cannot_be_told_apart_cannot_be_applied() -> None:
    with pytest.raises(StatusError, match=r'\.spec\.items: duplicate entries for key \[name="a"\]'):
        merge({}, {"spec": {"items": [{"name": "a"}, {"name": "a"}]}}, THING)
    with pytest.raises(StatusError, match=r"\.spec\.items: element 0: .* omits all keys"):
        merge({}, {"spec": {"items": [{"image": "a"}]}}, THING)
    with pytest.raises(StatusError, match="omits all keys"):
        merge({}, {"spec": {"items": ["a"]}}, THING)


def test_pruning_takes_what_was_named_before_and_is_not_kept() -> None:
    tree = {
        "metadata": {"labels": {"mine": "1", "yours": "2"}},
        "spec": {
            "replicas": 1,
            "items": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}],
            "tags": ["x", "y"],
        },
    }
    last = applied_fields(
        {
            "metadata": {"labels": {"mine": "1"}},
            "spec": {"items": [{"name": "a"}, {"name": "b", "image": "1"}], "tags": ["x"]},
        },
        THING,
    )
    kept = applied_fields({"spec": {"items": [{"name": "b"}]}}, THING)
    assert prune(tree, last, kept, THING) == {
        "metadata": {"labels": {"yours": "2"}},
        "spec": {"replicas": 1, "items": [{"name": "b"}], "tags": ["y"]},
    }
    assert prune({"metadata": {"labels": {"mine": "1"}}, "spec": {}}, last, {}, THING) == {"spec": {}}


names = st.sampled_from(["a", "b", "c"])
items = st.lists(
    st.fixed_dictionaries({"name": names}, optional={"image": names, "args": st.lists(names, max_size=2)}),
    max_size=3,
    unique_by=lambda item: item["name"],
)
specs = st.fixed_dictionaries(
    {},
    optional={
        "items": items,
        "tags": st.lists(names, unique=True, max_size=3),
        "replicas": st.integers(0, 2),
        "probe": st.fixed_dictionaries({}, optional={"period": st.integers(0, 2)}),
        "nested": st.dictionaries(names, st.just({"period": 1}), max_size=2),
        "extra": st.dictionaries(names, names, max_size=2),
    },
)
trees = st.builds(lambda spec: {"spec": spec}, specs)


@given(trees)
def test_nothing_differs_from_itself(tree: Any) -> None:
    assert compare(tree, copy.deepcopy(tree), THING) == ({}, {})
    assert merge(tree, tree, THING) == tree
    assert prune(tree, {}, {}, THING) == tree


@given(trees, trees)
def test_differences_lead_from_the_places_of_one_to_those_of_the_other(old: Any, new: Any) -> None:
    changed, removed = compare(old, new, THING)
    rest = difference(all_fields(old, THING), removed)
    assert listed(all_fields(new, THING)) <= listed(union(rest, changed))
    assert not listed(removed) & listed(all_fields(new, THING))


@given(trees, trees)
def test_what_was_applied_is_in_the_object(live: Any, applied: Any) -> None:
    merged = merge(live, applied, THING)
    assert merge(merged, applied, THING) == merged
    changed, _ = compare(merged, merge(merged, applied, THING), THING)
    assert changed == {}
    assert listed(applied_fields(applied, THING)) <= listed(applied_fields(merged, THING)) | listed(
        applied_fields(applied, THING)
    )


@given(trees)
def test_pruning_all_that_was_applied_leaves_nothing(tree: Any) -> None:
    own = applied_fields(tree, THING)
    assert same(applied_fields(prune(tree, own, {}, THING), THING), {})
    assert prune(tree, own, own, THING) == tree
