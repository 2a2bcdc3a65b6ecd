"""Every default that the API server writes into objects, row by row of `defaults.tsv`."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from wherry.api.registry import by_plural
from wherry.machinery.schema import complete

TABLE = Path(__file__).with_name("defaults.tsv")


def rows() -> list[dict[str, str]]:
    with TABLE.open() as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def at(tree: Any, path: str) -> Any:
    """The value at `spec.ports.0.port`; None where there is none."""
    for step in path.split("."):
        tree = tree[int(step)] if isinstance(tree, list) else (tree or {}).get(step)
    return tree


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['type']} {row['field']} {row['condition']}")
def test_what_is_not_said_is_filled_in(row: dict[str, str]) -> None:
    group, _, version = row["groupVersion"].rpartition("/")
    resource = by_plural(group, version, row["plural"])
    assert resource is not None
    tree = json.loads(row["given"])
    complete(tree, resource.shape)
    assert at(tree, row["path"]) == json.loads(row["expected"])
    again = json.loads(json.dumps(tree))
    complete(again, resource.shape)
    assert again == tree, "completing twice changes nothing"
