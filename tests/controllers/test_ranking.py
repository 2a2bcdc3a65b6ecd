"""Which Pods are given up first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from wherry.api.core.pod import Pod, PodSpec
from wherry.api.core.podstatus import ContainerStatus, PodCondition, PodStatus
from wherry.controllers.ranking import DELETION_COST, deletion_cost, victims
from wherry.controllers.snapshot import NOW
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.times import format_seconds


def cost(text: str) -> dict[str, Any]:
    return {DELETION_COST: text}


def pod(
    uid: str = "x",
    node: str = "n1",
    phase: str = "Running",
    ready_for: int | None = 100,
    age: int = 1000,
    restarts: int = 0,
    **annotations: Any,
) -> Pod:
    created = format_seconds(NOW - timedelta(seconds=age))
    conditions: tuple[PodCondition, ...] = ()
    if ready_for is not None:
        since = format_seconds(NOW - timedelta(seconds=ready_for))
        conditions = (PodCondition(type="Ready", status="True", lastTransitionTime=since),)
    return Pod(
        metadata=ObjectMeta(uid=uid, name=uid, creationTimestamp=created, annotations=annotations),
        spec=PodSpec(nodeName=node),
        status=PodStatus(
            phase=phase,
            conditions=conditions,
            containerStatuses=(ContainerStatus(name="web", restartCount=restarts),),
        ),
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pod("a", node=""), pod("b", phase="Pending", ready_for=None)),
        (pod("a", phase="Pending", ready_for=None), pod("b", phase="Unknown", ready_for=None)),
        (pod("a", phase="Unknown", ready_for=None), pod("b", ready_for=None)),
        (pod("a", ready_for=None), pod("b", **cost("-5"))),
        (pod("a", **cost("-5")), pod("b")),
        (pod("z", ready_for=1), pod("a", ready_for=100)),
        (pod("z", restarts=3), pod("a", restarts=1)),
        (pod("z", age=2), pod("a", age=1000)),
    ],
    ids=[
        "without node before pending",
        "pending before unknown",
        "unknown before running",
        "not ready before cheap",
        "cheap first",
        "ready for a shorter time first",
        "more restarts first",
        "younger first",
    ],
)
def test_the_one_less_missed_goes_first(first: Pod, second: Pod) -> None:
    assert victims([second, first], [], 1, NOW) == [first]
    assert victims([first, second], [], 1, NOW) == [first]


def test_nodes_with_many_related_pods_are_thinned_out() -> None:
    crowded, alone = pod("z", node="n1"), pod("a", node="n2")
    others = [pod(f"o{number}", node="n1") for number in range(3)]
    assert victims([alone, crowded], [alone, crowded, *others], 1, NOW) == [crowded]


def test_ages_of_one_order_of_magnitude_do_not_decide() -> None:
    older, younger = pod("a", ready_for=100, age=130), pod("b", ready_for=101, age=120)
    assert victims([younger, older], [], 1, NOW) == [older]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7", 7), ("-3", -3), ("", 0), ("+7", 0), ("07", 0), ("ten", 0), ("99999999999", 0), ("-", 0)],
)
def test_a_cost_that_is_no_number_is_none(text: str, expected: int) -> None:
    assert deletion_cost(pod(**cost(text))) == expected
