"""Entries: bytes as stored, and what is derived from them."""

from __future__ import annotations

from tests.apiserver.conftest import Driver, pod, resource

from wherry.apiserver.entry import Entry


async def test_the_typed_form_leaves_out_who_manages_which_fields(api: Driver) -> None:
    await api.create("pods", pod("a"))
    entry = api.api.hub.cache(resource("pods")).get("default/a")
    assert entry is not None
    assert entry.typed.metadata.managedFields == ()
    assert entry.typed.metadata.name == "a"
    assert entry.typed.metadata.resourceVersion == str(entry.revision)
    assert entry.tree["metadata"]["managedFields"][0]["manager"] == "test"
    assert b'"managedFields":[{' in entry.body


def test_without_managed_fields_all_is_typed() -> None:
    maps = resource("configmaps")
    stored = b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"managedFields":"[]"}}'
    assert Entry(maps, "default/a", stored, 7).typed.data == {"managedFields": "[]"}
