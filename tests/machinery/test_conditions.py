from datetime import UTC, datetime

from wherry.machinery.conditions import find_condition, has_condition, remove_condition, set_condition
from wherry.machinery.meta import Condition

THEN = "2026-01-01T00:00:00Z"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
READY = Condition(type="Ready", status="True", reason="Up", lastTransitionTime=THEN)
OTHER = Condition(type="Other", status="False", lastTransitionTime=THEN)


def test_conditions_are_found_by_type() -> None:
    assert find_condition((OTHER, READY), "Ready") is READY
    assert find_condition((OTHER,), "Ready") is None
    assert has_condition((OTHER, READY), "Ready")
    assert has_condition((OTHER,), "Other", "False")
    assert not has_condition((OTHER,), "Other")


def test_a_new_condition_is_dated_now() -> None:
    assert set_condition((OTHER,), Condition(type="Ready", status="True"), NOW) == (
        OTHER,
        Condition(type="Ready", status="True", lastTransitionTime="2026-01-02T00:00:00Z"),
    )


def test_the_time_of_transition_stays_while_the_status_does() -> None:
    fresh = Condition(type="Ready", status="True", reason="StillUp")
    (ready, other) = set_condition((READY, OTHER), fresh, NOW)
    assert ready == Condition(type="Ready", status="True", reason="StillUp", lastTransitionTime=THEN)
    assert other is OTHER


def test_a_change_of_status_is_dated_now_unless_it_says_when() -> None:
    fresh = Condition(type="Ready", status="False")
    assert set_condition((READY,), fresh, NOW)[0].lastTransitionTime == "2026-01-02T00:00:00Z"
    dated = Condition(type="Ready", status="False", lastTransitionTime="2025-01-01T00:00:00Z")
    assert set_condition((READY,), dated, NOW) == (dated,)


def test_setting_what_already_stands_there_changes_nothing() -> None:
    conditions = (READY, OTHER)
    assert set_condition(conditions, Condition(type="Ready", status="True", reason="Up"), NOW) is conditions


def test_conditions_are_removed_by_type() -> None:
    conditions = (READY, OTHER)
    assert remove_condition(conditions, "Ready") == (OTHER,)
    assert remove_condition(conditions, "Absent") is conditions
