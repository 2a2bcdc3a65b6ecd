import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.patch_merge import apply, difference

names = st.sampled_from(["a", "b", "c"])
objects = st.dictionaries(
    names,
    st.recursive(
        st.booleans() | st.integers(0, 2) | st.lists(st.integers(0, 2), max_size=2),
        lambda inner: st.dictionaries(names, inner, max_size=3),
    ),
    max_size=3,
)


@pytest.mark.parametrize(
    ("tree", "patch", "result"),
    [  # RFC 7386, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_rfc(tree: Any, patch: Any, result: Any) -> None:
    before = copy.deepcopy((tree, patch))
    assert apply(tree, patch) == result
    assert (tree, patch) == before


@given(objects, objects)
def test_the_difference_leads_from_old_to_new(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert apply(old, difference(old, new)) == new
    assert difference(new, new) == {}
