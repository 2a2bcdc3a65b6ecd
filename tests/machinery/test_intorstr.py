from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.intorstr import (
    NOT_PERCENT,
    IntOrStringError,
    check_percent,
    percent,
    rolling_bounds,
    scaled,
)


def test_a_number_is_itself() -> None:
    assert scaled(3, 100, round_up=True) == 3


@given(share=st.integers(0, 200), total=st.integers(0, 10000))
def test_a_percentage_is_a_share_of_the_total(share: int, total: int) -> None:
    assert scaled(f"{share}%", total, round_up=True) == ceil(share * total / 100)
    assert scaled(f"{share}%", total, round_up=False) == floor(share * total / 100)


@pytest.mark.parametrize("text", ["", "25", "%", "-5%", "2.5%", "5 %"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    assert check_percent(text) == [NOT_PERCENT]
    assert percent(text) is None
    with pytest.raises(IntOrStringError, match="string is not a percentage"):
        scaled(text, 10, round_up=True)


def test_percentages_are_recognized() -> None:
    assert check_percent("25%") == []
    assert percent("25%") == 25
    assert percent(25) is None


def test_surge_is_rounded_up_and_unavailability_down() -> None:
    assert rolling_bounds("25%", "25%", 10) == (3, 2)


def test_a_rolling_update_can_always_move() -> None:
    assert rolling_bounds(0, "1%", 10) == (0, 1)
    assert rolling_bounds(0, 0, 10) == (0, 1)
