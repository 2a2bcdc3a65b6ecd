"""Which form an Accept header gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.apiserver.media import JSON, PROTOBUF, YAML, Form, negotiate
from wherry.machinery.errors import NotAcceptable

TABLE = f"{JSON};as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form()),
        ("*/*", Form()),
        ("application/*", Form()),
        (JSON, Form()),
        (YAML, Form("yaml")),
        (PROTOBUF, Form("protobuf")),
        (f"{PROTOBUF},{JSON}", Form()),
        (f"{PROTOBUF}, */*;q=0.8", Form()),
        (f"text/html, {YAML}", Form("yaml")),
        (TABLE, Form("json", "table")),
        (f"{TABLE},{JSON}", Form("json", "table")),
        (f"{JSON};as=Table;v=v1beta1;g=meta.k8s.io,{JSON}", Form("json", "table")),
        (f"{JSON};as=Table;v=v9;g=meta.k8s.io,{JSON}", Form()),
        (f"{JSON};as=Carpet;v=v1;g=meta.k8s.io,{JSON}", Form()),
        (f"{JSON};as=PartialObjectMetadata;v=v1;g=meta.k8s.io", Form("json", "metadata")),
        (f"{PROTOBUF};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", Form("protobuf", "metadata")),
    ],
)
def test_the_first_form_that_we_make_and_json_if_that_is_taken_too(accept: str, form: Form) -> None:
    assert negotiate(accept) == form


@pytest.mark.parametrize("accept", ["text/html", "image/*", f"{JSON};as=Carpet;v=v1;g=meta.k8s.io", "?"])
def test_nothing_that_we_make_is_not_acceptable(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="only the following media types are accepted"):
        negotiate(accept)


def test_a_resource_without_a_protobuf_form_has_json() -> None:
    assert negotiate(f"{PROTOBUF},{JSON}", protobuf=False) == Form()
    with pytest.raises(NotAcceptable):
        negotiate(PROTOBUF, protobuf=False)


def test_the_content_type_says_what_it_is() -> None:
    assert negotiate(TABLE).content_type == TABLE
    assert negotiate(PROTOBUF).content_type == PROTOBUF
    assert negotiate(PROTOBUF, watch=True).content_type == f"{PROTOBUF};stream=watch"
    assert negotiate(JSON, watch=True).content_type == JSON


@given(st.text(st.sampled_from(",;=/*qapplicationjsonyaml "), max_size=60))
def test_any_header_is_a_form_or_not_acceptable(accept: str) -> None:
    try:
        assert negotiate(accept).encoding in ("json", "yaml", "protobuf")
    except NotAcceptable:
        return
