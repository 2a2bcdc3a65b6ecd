"""How long Pods stay on tainted nodes."""

from __future__ import annotations

from datetime import timedelta

from wherry.api.core.affinity import Taint, Toleration
from wherry.controllers.tolerations import stay

LOST = Taint(key="lost", effect="NoExecute")
VALUED = Taint(key="zone", value="a", effect="NoExecute")


def test_the_shortest_time_counts() -> None:
    patient = Toleration(key="lost", operator="Exists", tolerationSeconds=300)
    hasty = Toleration(key="zone", operator="Exists", tolerationSeconds=10)
    forever = Toleration(operator="Exists")
    assert stay([LOST], [patient]) == timedelta(seconds=300)
    assert stay([LOST, VALUED], [patient, hasty]) == timedelta(seconds=10)
    assert stay([LOST, VALUED], [forever]) is None
    assert stay([LOST, VALUED], [patient]) == timedelta()
