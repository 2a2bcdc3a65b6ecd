"""Which objects a list or watch is about."""

from __future__ import annotations

import pytest
from tests.apiserver.conftest import Driver, pod, resource

from wherry.apiserver.selection import Selection
from wherry.machinery.errors import BadRequest


@pytest.fixture
async def pods(api: Driver) -> Driver:
    for name in "abc":
        await api.create("pods", pod(name, nodeName="n1" if name == "a" else ""))
    return api


@pytest.mark.parametrize(
    ("labels", "fields", "names"),
    [
        ("", "", "abc"),
        ("app=a", "", "a"),
        ("app in (a, b)", "", "ab"),
        ("app!=a", "", "bc"),
        ("!app", "", ""),
        ("", "metadata.name=b", "b"),
        ("", "metadata.name!=b", "ac"),
        ("", "metadata.namespace=default", "abc"),
        ("", "spec.nodeName=n1", "a"),
        ("", "spec.nodeName=", "bc"),
        ("", "status.phase=Pending,spec.nodeName!=n1", "bc"),
        ("app in (a,b)", "spec.nodeName=n1", "a"),
        ("app=b", "metadata.name=a", ""),
    ],
)
async def test_selectors_select(pods: Driver, labels: str, fields: str, names: str) -> None:
    assert await pods.names("pods", labelSelector=labels, fieldSelector=fields) == list(names)


async def test_a_field_that_is_not_selectable_is_named(pods: Driver) -> None:
    with pytest.raises(BadRequest, match=r"^field label not supported: spec\.volumes$"):
        await pods.list("pods", fieldSelector="spec.volumes=x")


async def test_a_kind_without_such_fields_says_what_it_knows(api: Driver) -> None:
    with pytest.raises(BadRequest, match=r'^"data" is not a known field selector: only "metadata\.name"'):
        await api.list("configmaps", fieldSelector="data=x")


@pytest.mark.parametrize("options", [{"labelSelector": "a in ("}, {"fieldSelector": "a"}])
async def test_a_selector_that_makes_no_sense_is_a_bad_request(pods: Driver, options: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        await pods.list("pods", **options)


def test_equal_selections_are_one() -> None:
    found = resource("pods")
    assert Selection(found, "a", "x=y") == Selection(found, "a", "x=y")
    assert hash(Selection(found, "a", "x=y")) == hash(Selection(found, "a", "x=y"))
    assert Selection(found).predicate is None
    assert Selection(found, fieldSelector="metadata.name=a").name == "a"
    assert Selection(found, fieldSelector="metadata.name!=a").name == ""
