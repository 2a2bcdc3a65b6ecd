"""A Pod outlives its lost node by five minutes unless it says otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.conftest import Driver, pod

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"


async def tolerations(api: Driver, *own: dict[str, Any]) -> list[tuple[str, Any]]:
    made = await api.create("pods", pod("a", tolerations=list(own)))
    return [(each.get("key", ""), each.get("tolerationSeconds")) for each in made["spec"]["tolerations"]]


async def test_five_minutes_for_who_says_nothing(api: Driver) -> None:
    assert await tolerations(api) == [(NOT_READY, 300), (UNREACHABLE, 300)]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (
            {"key": NOT_READY, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5},
            [(NOT_READY, 5), (UNREACHABLE, 300)],
        ),
        ({"key": NOT_READY, "operator": "Exists"}, [(NOT_READY, None), (UNREACHABLE, 300)]),
        (
            {"key": NOT_READY, "operator": "Exists", "effect": "NoSchedule"},
            [(NOT_READY, None), (NOT_READY, 300), (UNREACHABLE, 300)],
        ),
        ({"operator": "Exists"}, [("", None)]),
    ],
)
async def test_who_speaks_of_it_has_said_it(
    api: Driver, own: dict[str, Any], expected: list[tuple[str, Any]]
) -> None:
    assert await tolerations(api, own) == expected


async def test_it_is_said_once(api: Driver) -> None:
    made = await api.create("pods", pod("a"))
    again = await api.update("pods", "a", made)
    assert again["spec"]["tolerations"] == made["spec"]["tolerations"]
