"""Objects in which much is wrong, in `refusals.yaml`: each with every sentence that is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from wherry.api.registry import by_plural
from wherry.machinery.enums import validate_enums
from wherry.machinery.schema import complete

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("refusals.yaml").read_text())


def refusals(key: str, tree: dict[str, Any]) -> list[str]:
    version, plural = key.split()
    group, _, name = version.rpartition("/")
    resource = by_plural(group, name, plural)
    assert resource is not None
    assert resource.strategy.validate is not None
    tree.setdefault("metadata", {}).setdefault("name", "o")
    complete(tree, resource.shape)
    errors = list(validate_enums(tree, resource.shape))
    errors += resource.strategy.validate(msgspec.convert(tree, resource.type), None)
    return [str(error) for error in errors]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["resource"])
def test_everything_wrong_is_named(case: dict[str, Any]) -> None:
    assert refusals(case["resource"], case["given"]) == case["refused"]
