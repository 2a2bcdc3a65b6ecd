"""Cron schedules: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.cronschedule import Schedule, ScheduleError, parse

START = datetime(2026, 1, 1, 12, 30, 15, tzinfo=UTC)  # a Thursday


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("* * * * *", "2026-01-01 12:31"),
        ("*/5 * * * *", "2026-01-01 12:35"),
        ("0 0 * * *", "2026-01-02 00:00"),
        ("@hourly", "2026-01-01 13:00"),
        ("@weekly", "2026-01-04 00:00"),
        ("@yearly", "2027-01-01 00:00"),
        ("15 10 * * mon-fri", "2026-01-02 10:15"),
        ("0 9 13 * 5", "2026-01-02 09:00"),  # the 13th, or a Friday
        ("0 9 13 * *", "2026-01-13 09:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("10-20/5,40 3 * jun,DEC *", "2026-06-01 03:10"),
    ],
)
def test_next_due_minute(text: str, due: str) -> None:
    found = parse(text).next_after(START)
    assert found is not None
    assert f"{found:%Y-%m-%d %H:%M}" == due


def test_never_due() -> None:
    assert parse("0 0 31 2 *").next_after(START) is None


def test_every_counts_from_the_last_time() -> None:
    assert parse("@every 90s").next_after(START) == START + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty spec string"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("error", "expected exactly 5 fields, found 1: [error]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@never", "unrecognized descriptor: @never"),
        ("@every x", 'failed to parse duration @every x: time: invalid duration "x"'),
    ],
)
def test_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ScheduleError) as error:
        parse(text)
    assert str(error.value) == message


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(ScheduleError, match="negative number"):
        parse("1/-3 * * * *")


@given(
    minutes=st.frozensets(st.integers(0, 59), min_size=1),
    hours=st.frozensets(st.integers(0, 23), min_size=1),
    hour=st.integers(0, 100_000),
)
def test_nothing_due_is_passed_over(minutes: frozenset[int], hours: frozenset[int], hour: int) -> None:
    moment = START + timedelta(hours=hour)
    every = Schedule(
        minutes, hours, frozenset(range(1, 32)), frozenset(range(1, 13)), frozenset(range(7)), True, True
    )
    found = every.next_after(moment)
    slow = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while slow.minute not in minutes or slow.hour not in hours:
        slow += timedelta(minutes=1)
    assert found == slow
