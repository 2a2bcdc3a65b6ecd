"""How long Pods stay on tainted nodes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from wherry.api.core.affinity import Taint, Toleration
from wherry.controllers.tolerations import stay, tolerates

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


def test_the_shortest_time_counts() -> None:
    patient = Toleration(key="lost", operator="Exists", tolerationSeconds=300)
    hasty = Toleration(key="zone", operator="Exists", tolerationSeconds=10)
    forever = Toleration(operator="Exists")
    assert stay([LOST], [patient]) == timedelta(seconds=300)
    assert stay([LOST, VALUED], [patient, hasty]) == timedelta(seconds=10)
    assert stay([LOST, VALUED], [forever]) is None
    assert stay([LOST, VALUED], [patient]) == timedelta()
