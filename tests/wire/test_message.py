"""Messages: headers, queries and targets as clients write them."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.wire.message import Headers, Query, Request, header_lines, opening


def request(target: str) -> Request:
    return Request("GET", target, Headers([]), cast(Any, None))


def test_header_names_compare_without_case_and_keep_every_line() -> None:
    headers = Headers([(b"X-Stream-Protocol-Version", b"v4, v3"), (b"x-stream-protocol-version", b"v2")])
    assert headers.get("X-STREAM-Protocol-version") == "v4, v3"
    assert list(headers.all("x-stream-protocol-version")) == ["v4, v3", "v2"]
    assert headers.tokens("x-stream-protocol-version") == ["v4", "v3", "v2"]
    assert "x-stream-protocol-version" in headers
    assert headers.get("other") == ""


def test_header_values_may_be_utf_8_or_anything_else() -> None:
    headers = Headers([(b"a", "ü".encode()), (b"b", b"\xfc")])
    assert (headers["a"], headers["b"]) == ("ü", "ü")


def test_a_target_is_split_and_its_path_decoded() -> None:
    asked = request("/apis/rbac/roles/system%3Anode?watch=1&labelSelector=a%3Db&ports=1&ports=2&x")
    assert asked.path == "/apis/rbac/roles/system:node"
    assert asked.raw_path == "/apis/rbac/roles/system%3Anode"
    assert asked.query.get("labelSelector") == "a=b"
    assert asked.query.all("ports") == ["1", "2"]
    assert asked.query.flag("watch")
    assert asked.query.flag("x")
    assert not asked.query.flag("y")


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("http://host:80/a?b", "/a"),
        ("http://host", "/"),
        ("http://host?b", "/"),
        ("*", "*"),
        ("/a://b", "/a://b"),
    ],
)
def test_targets_with_a_host_lose_it(target: str, path: str) -> None:
    assert request(target).path == path


def test_flags_read_as_the_api_reads_booleans() -> None:
    query = Query("a=true&b=1&c=false&d=0&e=")
    assert [query.flag(name) for name in "abcdef"] == [True, True, False, False, True, False]


@given(st.text(), st.text())
def test_no_header_ever_holds_a_line_break(name: str, value: str) -> None:
    try:
        lines = header_lines(((name, value),))
    except (ValueError, UnicodeEncodeError):
        return
    assert lines.count(b"\n") == lines.count(b"\r") == 1


def test_unknown_statuses_have_a_reason_too() -> None:
    assert opening(599, "") == b"HTTP/1.1 599 Unknown\r\n"
