"""Calls that come in without HTTP: what a resource does not have, and a store that fails."""

from __future__ import annotations

import pytest
from tests.apiserver.conftest import Driver, configmap

from wherry.api.registry import all_resources
from wherry.apiserver.api import DEEDS, SUBRESOURCES
from wherry.apiserver.front import CONNECT
from wherry.machinery.errors import MethodNotAllowed, NotFound, ServiceUnavailable
from wherry.store.interface import StoreFull


def test_every_subresource_that_discovery_shows_is_answered_by_somebody() -> None:
    shown = {sub.name for row in all_resources() for sub in row.subresources}
    assert shown <= {"status", *SUBRESOURCES, *CONNECT}


def test_every_kind_that_can_only_be_created_does_something() -> None:
    asked = {(row.group, row.kind) for row in all_resources() if row.verbs == ("create",)}
    assert asked == set(DEEDS)


@pytest.mark.parametrize(
    ("verb", "plural"),
    [("get", "tokenreviews"), ("deletecollection", "namespaces"), ("create", "componentstatuses")],
)
async def test_a_verb_that_a_resource_does_not_have_is_refused(api: Driver, verb: str, plural: str) -> None:
    with pytest.raises(MethodNotAllowed):
        await api.do(verb, plural, "x")


async def test_a_subresource_that_is_not_there_is_refused(api: Driver) -> None:
    await api.create("configmaps", configmap("a"))
    with pytest.raises((MethodNotAllowed, NotFound)):
        await api.do("get", "configmaps", "a", subresource="status")


async def test_a_store_that_fails_is_a_server_that_cannot_now(
    api: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(key: str, value: bytes, *, expect: int) -> int:
        raise StoreFull("the disk is full: free some room")

    monkeypatch.setattr(api.api.store, "put", full)
    with pytest.raises(ServiceUnavailable, match="the disk is full: free some room"):
        await api.create("configmaps", configmap("a"))
    monkeypatch.undo()
    await api.create("configmaps", configmap("a"))
