"""Cron schedules: at which minutes something is due, in five fields (`*/5 0 * * mon-fri`) or as `@daily`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from wherry.machinery.times import TimeError, parse_duration


class ScheduleError(ValueError):
    """The text is not a schedule."""


class Bounds(NamedTuple):
    low: int
    high: int
    names: Mapping[str, int] = {}


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: at for at, name in enumerate(_MONTHS, 1)}
WEEKDAYS = {name: at for at, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
FIELDS = (Bounds(0, 59), Bounds(0, 23), Bounds(1, 31), Bounds(1, 12, MONTHS), Bounds(0, 6, WEEKDAYS))
NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
SEARCHED = timedelta(days=5 * 366)  # the 29th of February comes at least this often, but for one case


class Schedule(NamedTuple):
    """Which minutes are due. A day is due by its number or by its weekday, if both are restricted."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = False
    any_weekday: bool = False
    every: timedelta | None = None  # `@every 5m`: not by the clock at all

    def next_after(self, moment: datetime) -> datetime | None:
        """The first due minute after `moment`, in its time zone; None where there never is one."""
        if self.every is not None:
            return moment.replace(microsecond=0) + self.every
        found = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        last = found + SEARCHED
        while found <= last:
            if found.month not in self.months or not self._is_due_day(found):
                found = found.replace(hour=0, minute=0) + timedelta(days=1)
            elif found.hour not in self.hours:
                found = found.replace(minute=0) + timedelta(hours=1)
            elif found.minute not in self.minutes:
                found += timedelta(minutes=1)
            else:
                return found
        return None

    def _is_due_day(self, moment: datetime) -> bool:
        day = moment.day in self.days
        weekday = (moment.weekday() + 1) % 7 in self.weekdays
        return day and weekday if self.any_day or self.any_weekday else day or weekday


@lru_cache(maxsize=1024)
def parse(text: str) -> Schedule:
    if not text:
        raise ScheduleError("empty spec string")
    if text.startswith("@"):
        return _descriptor(text)
    fields = text.split()
    if len(fields) != len(FIELDS):
        raise ScheduleError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    minutes, hours, days, months, weekdays = (
        _field(field, bounds) for field, bounds in zip(fields, FIELDS, strict=True)
    )
    return Schedule(
        minutes, hours, days, months, weekdays, any_day=_is_any(fields[2]), any_weekday=_is_any(fields[4])
    )


def _is_any(field: str) -> bool:
    return any(
        part.partition("/")[0] in ("*", "?") and part.partition("/")[2] in ("", "1")
        for part in field.split(",")
    )


def _descriptor(text: str) -> Schedule:
    if text in NAMED:
        return parse(NAMED[text])
    if not text.startswith("@every "):
        raise ScheduleError(f"unrecognized descriptor: {text}")
    try:
        span = parse_duration(text.removeprefix("@every "))
    except TimeError as error:
        raise ScheduleError(f"failed to parse duration {text}: {error}") from None
    return Schedule(every=max(timedelta(seconds=1), timedelta(seconds=int(span.total_seconds()))))


def _field(text: str, bounds: Bounds) -> frozenset[int]:
    return frozenset(number for part in text.split(",") if part for number in _range(part, bounds))


def _range(text: str, bounds: Bounds) -> range:
    """`3`, `3-7`, `*`, each perhaps with `/2`."""
    ends, slash, by = text.partition("/")
    if "/" in by:
        raise ScheduleError(f"too many slashes: {text}")
    low, hyphen, high = ends.partition("-")
    if "-" in high:
        raise ScheduleError(f"too many hyphens: {text}")
    if low in ("*", "?"):
        start, end = bounds.low, bounds.high
    else:
        start = _number(low, bounds)
        end = _number(high, bounds) if hyphen else bounds.high if slash else start
    step = _integer(by) if slash else 1
    if start < bounds.low:
        raise ScheduleError(f"beginning of range ({start}) below minimum ({bounds.low}): {text}")
    if end > bounds.high:
        raise ScheduleError(f"end of range ({end}) above maximum ({bounds.high}): {text}")
    if start > end:
        raise ScheduleError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {text}")
    return range(start, end + 1, step)


def _number(text: str, bounds: Bounds) -> int:
    named = bounds.names.get(text.lower())
    return _integer(text) if named is None else named


def _integer(text: str) -> int:
    if not text.isascii() or not text.lstrip("-+").isdigit():
        raise ScheduleError(
            f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'
        )
    number = int(text)
    if number < 0:
        raise ScheduleError(f"negative number ({number}) not allowed: {text}")
    return number
