"""Trees: JSON of any served kind, complete or arbitrary, made from the codec's tables."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from typing import Any

from hypothesis import strategies as st

from wherry.apiserver.protobuf.tables import (
    GROUPS,
    INLINE,
    SCALARS,
    Field,
    Shape,
    fields_of,
    is_list,
    message_for,
    package,
)

DEEPEST = 6

SAMPLES: dict[str, Any] = {
    "string": "text",
    "bytes": "AAH/",
    "bool": True,
    "int32": 7,
    "int64": 2**40,
    "double": 1.5,
    "meta.v1.Time": "2026-01-02T03:04:05Z",
    "meta.v1.MicroTime": "2026-01-02T03:04:05.000006Z",
    "meta.v1.FieldsV1": {"f:metadata": {"f:labels": {}}},
    "quantity.Quantity": "100m",
    "intstr.IntOrString": "25%",
    "runtime.RawExtension": {"apiVersion": "example.org/v1", "kind": "Some", "items": [1, 2.5, None]},
    "apiextensions.v1.JSON": [1, {"a": None}],
    "apiextensions.v1.JSONSchemaPropsOrArray": {"type": "string"},
    "apiextensions.v1.JSONSchemaPropsOrBool": False,
    "apiextensions.v1.JSONSchemaPropsOrStringArray": ["a", "b"],
}


@cache
def kinds() -> list[tuple[str, str]]:
    """apiVersion and kind of every message that stands for one."""
    found = []
    for group, home in GROUPS.items():
        for version in ("v1", "v2", "v1beta1", "v1beta2", "v1alpha1", "v1alpha2", "v1alpha3"):
            apiVersion = f"{group}/{version}" if group else version
            found += [
                (apiVersion, kind)
                for kind, fields in package(f"{home}.{version}").items()
                if any(field.name == "metadata" for field in fields) and "Spec" not in kind
            ]
    return found


def full(message: str, depth: int = 0) -> Any:
    """A tree with every field set, as deep as is reasonable."""
    if message in SAMPLES:
        return SAMPLES[message]
    if is_list(message):
        return ["one", "two"]
    tree: dict[str, Any] = {}
    for field in fields_of(message):
        if depth == DEEPEST and field.type not in SAMPLES:
            continue
        value = full(field.type, depth + 1)
        if field.name == INLINE:
            tree |= value
        elif field.shape is Shape.MANY:
            tree[field.name] = [value, value]
        elif field.shape is Shape.MAP:
            tree[field.name] = {"a": value, "b": value}
        elif value != {} or field.shape is Shape.POINTER:
            tree[field.name] = value
    return tree


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=4,
)
SCALAR_STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "string": text,
    "bytes": st.binary(max_size=8).map(lambda data: b64encode(data).decode()),
    "bool": st.booleans(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "meta.v1.Time": st.datetimes().filter(lambda t: t.year > 1).map(lambda t: t.isoformat()[:19] + "Z"),
    "meta.v1.MicroTime": st.datetimes()
    .filter(lambda t: t.year > 1)
    .map(lambda t: t.isoformat(timespec="microseconds") + "Z"),
    "meta.v1.FieldsV1": st.dictionaries(text, json_values, max_size=2),
    "quantity.Quantity": st.sampled_from(["0", "1", "100m", "3Gi"]),
    "intstr.IntOrString": text | st.integers(-(2**31), 2**31 - 1),
    "runtime.RawExtension": st.dictionaries(text, json_values, max_size=2),
    "apiextensions.v1.JSON": json_values.filter(lambda value: value is not None),
    "apiextensions.v1.JSONSchemaPropsOrArray": st.lists(st.just({"type": "string"}), max_size=2),
    "apiextensions.v1.JSONSchemaPropsOrBool": st.booleans() | st.just({"type": "string"}),
    "apiextensions.v1.JSONSchemaPropsOrStringArray": st.lists(text, max_size=2) | st.just({}),
}


@st.composite
def trees(draw: st.DrawFn, message: str, depth: int = 0) -> Any:
    """A tree as the codec reads it: what says nothing (zero where it is no pointer) is not there."""
    if message in SCALAR_STRATEGIES:
        return draw(SCALAR_STRATEGIES[message])
    if is_list(message):
        return draw(st.lists(text, max_size=2))
    tree: dict[str, Any] = {}
    fields = list(fields_of(message))
    chosen = draw(st.lists(st.sampled_from(fields), max_size=4, unique=True)) if fields else []
    for field in chosen:
        if depth < DEEPEST or field.type in SCALARS:
            _put(tree, field, draw(_values(field, depth + 1)))
    return tree


def _values(field: Field, depth: int) -> st.SearchStrategy[Any]:
    one = trees(field.type, depth)
    if field.shape is Shape.MANY:
        return st.lists(one, min_size=1, max_size=2)
    if field.shape is Shape.MAP:
        return st.dictionaries(text, one, min_size=1, max_size=2)
    return one


def _put(tree: dict[str, Any], field: Field, value: Any) -> None:
    if field.name == INLINE:
        tree |= value
    elif value or field.shape is Shape.POINTER or field.type == "runtime.RawExtension":
        tree[field.name] = value


@st.composite
def objects(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    """apiVersion, kind and tree of some kind."""
    apiVersion, kind = draw(st.sampled_from(kinds()))
    message = message_for(apiVersion, kind)
    assert message is not None
    return apiVersion, kind, draw(trees(message))
