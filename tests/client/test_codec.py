"""Objects as bytes."""

from __future__ import annotations

import msgspec
import pytest

from wherry.api.core.pod import Pod, PodSpec
from wherry.client.codec import decode, decode_list, encode, error_from, is_status
from wherry.machinery.errors import InternalError, NotFound
from wherry.machinery.meta import ObjectMeta


def test_a_body_names_its_kind_and_leaves_defaults_out() -> None:
    assert msgspec.json.decode(encode(Pod())) == {"apiVersion": "v1", "kind": "Pod"}
    pod = Pod(metadata=ObjectMeta(name="web"), spec=PodSpec(nodeName="n1"))
    assert decode(encode(pod), Pod) == pod


def test_nulls_are_absent_and_unknown_fields_are_skipped() -> None:
    body = b'{"metadata":{"name":"web","labels":null},"spec":{"containers":null,"novel":1}}'
    assert decode(body, Pod) == Pod(metadata=ObjectMeta(name="web"))


def test_an_empty_list_may_be_null() -> None:
    assert decode_list(b'{"metadata":{"resourceVersion":"5"},"items":null}').items is None


@pytest.mark.parametrize(("body", "expected"), [(b'{"kind":"Status"}', True), (b'{"kind":"Pod"}', False)])
def test_tells_a_status_from_an_object(body: bytes, expected: bool) -> None:
    assert is_status(body) is expected


def test_any_failure_becomes_an_error() -> None:
    assert isinstance(error_from(b'{"kind":"Status","reason":"NotFound","message":"gone"}', 404), NotFound)
    error = error_from(b"\xff upstream connect error", 500)
    assert isinstance(error, InternalError)
    assert "upstream connect error" in str(error)
    assert str(error_from(b"", 503)) == "the server answered with HTTP status 503"
