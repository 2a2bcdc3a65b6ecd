"""A Pod's class becomes the number that the scheduler compares."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.conftest import Driver, pod

from wherry.machinery.errors import Forbidden


async def make(api: Driver, name: str, value: int, **fields: Any) -> None:
    await api.create("priorityclasses", {"metadata": {"name": name}, "value": value, **fields})


async def test_without_a_class_a_pod_is_as_good_as_any(api: Driver) -> None:
    spec = (await api.create("pods", pod("a")))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    assert not spec.get("priorityClassName")


async def test_a_class_is_its_number(api: Driver) -> None:
    await make(api, "high", 1000, preemptionPolicy="Never")
    spec = (await api.create("pods", pod("a", priorityClassName="high")))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")
    system = (await api.create("pods", pod("b", priorityClassName="system-node-critical")))["spec"]
    assert system["priority"] == 2_000_001_000


async def test_the_default_class_is_everybodys_who_names_none(api: Driver) -> None:
    await make(api, "usual", 5, globalDefault=True)
    spec = (await api.create("pods", pod("a")))["spec"]
    assert (spec["priorityClassName"], spec["priority"]) == ("usual", 5)
    with pytest.raises(Forbidden, match="PriorityClass usual is already marked as default"):
        await make(api, "other", 6, globalDefault=True)


async def test_a_class_that_is_not_there_is_named(api: Driver) -> None:
    with pytest.raises(Forbidden, match="no PriorityClass with name none was found"):
        await api.create("pods", pod("a", priorityClassName="none"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"priority": 7}, "integer value of priority"),
        ({"preemptionPolicy": "Never"}, "value of PreemptionPolicy"),
    ],
)
async def test_nobody_gives_themselves_a_number(api: Driver, given: dict[str, Any], words: str) -> None:
    with pytest.raises(Forbidden, match=words):
        await api.create("pods", pod("a", **given))
