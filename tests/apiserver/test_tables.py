"""What `kubectl get` shows: a row for every kind, however little is known of an object."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from tests.apiserver.conftest import Driver, pod, resource

from wherry.api.registry import Resource, all_resources
from wherry.apiserver import tables
from wherry.apiserver.entry import Entry, stored_form

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
ROWS = [row for row in all_resources() if "list" in row.verbs]


def entry(row: Resource, **tree: Any) -> Entry:
    metadata = {"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return Entry(row, "a", stored_form(row, {"metadata": metadata, **tree}), 7)


def table(*entries: Entry, include: str = "", heads: bool = True) -> dict[str, Any]:
    made = tables.table(entries[0].resource, entries, {}, NOW, include, heads=heads)
    found: dict[str, Any] = msgspec.json.decode(made)
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.qualified}/{row.version}")
def test_an_object_of_which_nothing_is_known_is_a_row(row: Resource) -> None:
    found = table(entry(row))
    columns, cells = found["columnDefinitions"], found["rows"][0]["cells"]
    names = [column["name"] for column in columns]
    assert len(cells) == len(columns)
    assert len(set(names)) == len(names)
    assert cells[names.index("Name")] == "a"
    assert all(isinstance(cell, str | int | float | bool | None) for cell in cells)


def test_age_is_counted_from_creation() -> None:
    found = table(entry(resource("configmaps")))
    names = [column["name"] for column in found["columnDefinitions"]]
    assert found["rows"][0]["cells"][names.index("Age")] == "5m"


def test_a_pod_that_is_done_is_marked() -> None:
    found = table(entry(resource("pods"), status={"phase": "Succeeded"}))
    assert found["rows"][0]["conditions"][0]["type"] == "Completed"
    assert "conditions" not in table(entry(resource("pods"), status={"phase": "Running"}))["rows"][0]


def test_columns_are_described_where_they_are_asked_for() -> None:
    assert table(entry(resource("pods")), heads=False)["columnDefinitions"] == []


async def test_what_stands_in_a_row_is_what_is_stored(api: Driver) -> None:
    await api.create("pods", pod("a"))
    (found,) = (await api.list("pods")).entries
    whole = table(found, include="Object")["rows"][0]["object"]
    assert whole == msgspec.json.decode(found.body)
    assert table(found)["rows"][0]["object"]["metadata"] == whole["metadata"]
