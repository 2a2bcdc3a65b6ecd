"""From a request's bytes to a tree, with all that is wrong named."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apiserver.conftest import Driver, configmap, pod

from wherry.apiserver.body import duplicate_fields, parse
from wherry.machinery.errors import BadRequest, Invalid, UnsupportedMediaType

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_json_is_read_as_it_is_written(value: Any) -> None:
    assert parse(msgspec.json.encode(value), "application/json; charset=utf-8") == value
    assert parse(json.dumps(value).encode(), "") == value


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":}', b"\xff\xfe", b'{"a":1}x'])
def test_what_is_no_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest, match="the object provided is unrecognized"):
        parse(body, "application/json")


def test_yaml_is_read_and_nothing_is_run() -> None:
    assert parse(b"a: [1, b]", "application/yaml") == {"a": [1, "b"]}
    for text in (b"a: [", b"!!python/object/apply:os.getcwd []"):
        with pytest.raises(BadRequest, match="error converting YAML to JSON"):
            parse(text, "application/yaml")


def test_what_is_no_protobuf_is_a_bad_request() -> None:
    for body in (b"", b"k8s\x00", b"k8s\x00\xff\xff", b"{}"):
        with pytest.raises(BadRequest):
            parse(body, "application/vnd.kubernetes.protobuf")


def test_other_formats_are_not_read() -> None:
    with pytest.raises(UnsupportedMediaType, match="the body of the request was in an unknown format"):
        parse(b"{}", "text/plain")


async def test_a_body_of_another_kind_or_version_is_refused(api: Driver) -> None:
    with pytest.raises(BadRequest, match='Pod in version "v1" cannot be handled as a ConfigMap'):
        await api.create("configmaps", pod("a"))
    with pytest.raises(BadRequest, match=r"the API version in the data \(v2\) does not match"):
        await api.create("configmaps", {**configmap("a"), "apiVersion": "v2"})


async def test_kind_and_version_may_be_left_out(api: Driver) -> None:
    made = await api.create("configmaps", {"metadata": {"name": "a"}})
    assert (made["kind"], made["apiVersion"]) == ("ConfigMap", "v1")


WITH_UNKNOWN = {**configmap("a"), "dta": {"k": "v"}}
TWICE = b'{"metadata":{"name":"a","name":"b"},"data":{"k":"1","k":"2"}}'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (WITH_UNKNOWN, ['unknown field "dta"']),
        (TWICE, ['duplicate field "metadata.name"', 'duplicate field "data.k"']),
    ],
)
async def test_what_is_not_understood_is_said_refused_or_passed_over(
    api: Driver, body: Any, said: list[str]
) -> None:
    await api.create("configmaps", body, fieldValidation="Warn", dryRun="All")
    assert api.warnings == said
    await api.create("configmaps", body, dryRun="All")
    assert api.warnings == said, "as is done where nothing is said"
    await api.create("configmaps", body, fieldValidation="Ignore", dryRun="All")
    assert api.warnings == []
    with pytest.raises(BadRequest, match="strict decoding error: " + ", ".join(said)):
        await api.create("configmaps", body, fieldValidation="Strict", dryRun="All")


async def test_an_unknown_way_of_validating_is_refused(api: Driver) -> None:
    with pytest.raises(Invalid, match="fieldValidation"):
        await api.create("configmaps", configmap("a"), fieldValidation="Hope")


async def test_a_value_of_another_type_is_named(api: Driver) -> None:
    with pytest.raises(
        BadRequest, match=r"Pod in version .v1. cannot be handled as a Pod: .*spec\.containers"
    ):
        await api.create("pods", pod("a", containers="many"))


@given(st.dictionaries(st.text("ab", max_size=2), values, max_size=4))
def test_nothing_stands_twice_in_what_a_program_wrote(tree: dict[str, Any]) -> None:
    for body in (msgspec.json.encode(tree), json.dumps(tree, indent=2).encode()):
        assert not duplicate_fields(body, parse(body, ""))


def test_duplicates_are_found_at_any_depth() -> None:
    body = b'{"a":[{"b":1,"b":1},{"c":{"d":1,"d":2}}],"a":3}'
    assert duplicate_fields(body, parse(body, "")) == ["a[0].b", "a[1].c.d", "a"]
