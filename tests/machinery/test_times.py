from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.times import (
    TimeError,
    age,
    canonical,
    canonical_micro,
    format_duration,
    format_micro,
    format_seconds,
    human_duration,
    parse,
    parse_duration,
    parse_micro,
)

moments = st.datetimes(timezones=st.just(UTC))
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@given(moments)
def test_moments_survive_a_round_trip(moment: datetime) -> None:
    assert parse(format_seconds(moment)) == moment.replace(microsecond=0)
    assert parse_micro(format_micro(moment)) == moment


def test_moments_are_written_in_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert format_seconds(there) == "2026-01-02T03:04:05Z"
    assert format_micro(there) == "2026-01-02T03:04:05.678901Z"
    assert canonical("2026-01-02T03:04:05+01:00") == "2026-01-02T02:04:05Z"
    assert canonical("2026-01-02T03:04:05.999Z") == "2026-01-02T03:04:05Z"
    assert canonical("2026-01-02T03:04:05Z") == "2026-01-02T03:04:05Z"
    assert canonical_micro("2026-01-02T03:04:05.000001+01:00") == "2026-01-02T02:04:05.000001Z"


@pytest.mark.parametrize("text", ["", "now", "2026-01-02", "2026-01-02 03:04:05Z", "2026-13-02T03:04:05Z"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(TimeError, match="parsing time"):
        parse(text)
    with pytest.raises(TimeError):
        canonical(text)


def test_micro_times_need_six_digits() -> None:
    with pytest.raises(TimeError, match=r'cannot parse "Z" as ".000000"'):
        parse_micro("2026-01-02T03:04:05Z")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (330, "5m30s"),
        (600, "10m"),
        (179 * 60, "179m"),
        (180 * 60, "3h"),
        (3600 * 7 + 600, "7h10m"),
        (3600 * 47, "47h"),
        (3600 * 48, "2d"),
        (3600 * 76, "3d4h"),
        (86400 * 8, "8d"),
        (86400 * 729, "729d"),
        (86400 * 730, "2y"),
        (86400 * 740, "2y10d"),
        (86400 * 365 * 9, "9y"),
    ],
)
def test_ages_read_as_in_upstreams_tables(seconds: int, text: str) -> None:
    assert human_duration(timedelta(seconds=seconds)) == text


def test_the_age_of_an_object() -> None:
    assert age("2026-01-02T03:00:00Z", NOW) == "4m5s"
    assert age("", NOW) == "<unknown>"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("0", "0s"),
        ("1h30m", "1h30m0s"),
        ("90s", "1m30s"),
        ("1.5s", "1.5s"),
        ("-2m", "-2m0s"),
        ("20ms", "20ms"),
        ("1500us", "1.5ms"),
        ("7µs", "7µs"),
        (".5h", "30m0s"),
        ("1500ns", "1µs"),
    ],
)
def test_durations_print_as_go_does(text: str, printed: str) -> None:
    assert format_duration(parse_duration(text)) == printed


@given(st.timedeltas(timedelta(days=-100000), timedelta(days=100000)))
def test_durations_survive_a_round_trip(span: timedelta) -> None:
    assert parse_duration(format_duration(span)) == span


@pytest.mark.parametrize("text", ["", "1", "s", ".s", "1h2", "1 h", "--1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(TimeError, match="invalid duration"):
        parse_duration(text)
