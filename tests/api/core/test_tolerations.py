"""Which taints a toleration covers."""

from __future__ import annotations

import pytest

from wherry.api.core.affinity import Taint, Toleration
from wherry.api.core.tolerations import is_tolerated, tolerates

LOST = Taint(key="lost", effect="NoExecute")
VALUED = Taint(key="zone", value="a", effect="NoExecute")


@pytest.mark.parametrize(
    ("toleration", "taint", "expected"),
    [
        (Toleration(operator="Exists"), LOST, True),
        (Toleration(key="lost", operator="Exists"), LOST, True),
        (Toleration(key="other", operator="Exists"), LOST, False),
        (Toleration(key="zone", value="a"), VALUED, True),
        (Toleration(key="zone", value="b"), VALUED, False),
        (Toleration(key="lost", operator="Exists", effect="NoSchedule"), LOST, False),
    ],
)
def test_a_toleration_names_key_value_and_effect(
    toleration: Toleration, taint: Taint, expected: bool
) -> None:
    assert tolerates(toleration, taint) is expected


@pytest.mark.parametrize(
    ("operator", "bound", "expected"), [("Lt", "10", True), ("Gt", "10", False), ("Gt", "x", False)]
)
def test_numbers_are_compared_where_both_are_some(operator: str, bound: str, expected: bool) -> None:
    taint = Taint(key="size", value="5", effect="NoSchedule")
    assert tolerates(Toleration(key="size", operator=operator, value=bound), taint) is expected


def test_one_toleration_of_many_is_enough() -> None:
    assert is_tolerated(LOST, (Toleration(key="other", operator="Exists"), Toleration(operator="Exists")))
    assert not is_tolerated(LOST, ())
