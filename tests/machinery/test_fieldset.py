import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.fieldset import (
    FieldSet,
    canonical,
    check,
    difference,
    intersection,
    key_element,
    of_fields,
    paths,
    same,
    union,
    value_element,
    without,
)

steps = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'])
places = st.lists(steps, min_size=1, max_size=3).map(tuple)
sets = st.frozensets(places, max_size=6)


def built(members: frozenset[tuple[str, ...]]) -> FieldSet:
    """A set from its members, the slow way."""
    root: FieldSet = {}
    for member in members:
        node = root
        for step in member:
            node = node.setdefault(step, {})
        node["."] = {}
    return canonical(root)


def members(fields: FieldSet, above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    found = {above} if "." in fields or (above and not fields) else set()
    for step, node in fields.items():
        if step != ".":
            found |= members(node, (*above, step))
    return found


@given(sets)
def test_a_set_has_the_members_it_was_made_of(wanted: frozenset[tuple[str, ...]]) -> None:
    assert members(built(wanted)) == wanted
    assert len(list(paths(built(wanted)))) == len(wanted)


@given(sets, sets)
def test_operations_are_those_of_sets(
    left: frozenset[tuple[str, ...]], right: frozenset[tuple[str, ...]]
) -> None:
    one, other = built(left), built(right)
    before = (canonical(one), canonical(other))
    for operation, wanted in (
        (union, left | right),
        (difference, left - right),
        (intersection, left & right),
    ):
        assert members(operation(one, other)) == wanted
        assert operation(one, other) == built(wanted), "one spelling"
    assert (one, other) == before


@given(sets, sets)
def test_without_takes_what_is_below_too(
    left: frozenset[tuple[str, ...]], right: frozenset[tuple[str, ...]]
) -> None:
    wanted = {place for place in left if not any(place[: len(other)] == other for other in right)}
    assert members(without(built(left), built(right))) == wanted


@given(sets, sets)
def test_sets_are_the_same_if_their_members_are(
    left: frozenset[tuple[str, ...]], right: frozenset[tuple[str, ...]]
) -> None:
    assert same(built(left), built(right)) == (left == right)


def test_spelling_does_not_matter() -> None:
    assert same({"f:a": {}}, {"f:a": {".": {}}})
    assert same({'k:{"b":1,"a":"<"}': {}}, {'k:{"a":"\\u003c","b":1}': {}})
    assert check({"f:a": {".": {}}, 'v:"\\u0041"': {}, "i:00": {}}) == {"f:a": {}, 'v:"A"': {}, "i:0": {}}


@pytest.mark.parametrize(
    "fields", [[], {"f:a": 1}, {"x:a": {}}, {"a": {}}, {"k:1": {}}, {"k:{": {}}, {"i:x": {}}]
)
def test_what_is_no_set_is_refused(fields: FieldSet) -> None:
    with pytest.raises(ValueError, match=r"object|unknown|Input|JSON|malformed|invalid literal"):
        check(fields)


def test_places_print_as_upstream_prints_them() -> None:
    fields = {
        "f:spec": {
            "f:replicas": {},
            "f:containers": {'k:{"name":"a"}': {".": {}, "f:image": {}}},
            "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {}},
            "f:finalizers": {'v:"x"': {}},
            "f:list": {"i:0": {}},
        }
    }
    assert set(paths(fields)) == {
        ".spec.replicas",
        '.spec.containers[name="a"]',
        '.spec.containers[name="a"].image',
        '.spec.ports[containerPort=80,protocol="TCP"]',
        '.spec.finalizers[="x"]',
        ".spec.list[0]",
    }


def test_elements() -> None:
    assert key_element({"protocol": "TCP", "containerPort": 80}) == 'k:{"containerPort":80,"protocol":"TCP"}'
    assert value_element("x") == 'v:"x"'
    assert of_fields("status", "metadata.uid", "metadata.name") == {
        "f:status": {},
        "f:metadata": {"f:uid": {}, "f:name": {}},
    }
