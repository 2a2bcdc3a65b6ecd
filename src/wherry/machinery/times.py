"""Times: moments and spans as the API writes them (RFC 3339 in UTC, Go durations, ages in tables)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<fraction>[.,]\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
SECONDS_LAYOUT = "2006-01-02T15:04:05Z07:00"
MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"


class TimeError(ValueError):
    """The text is not a moment or not a span."""


@lru_cache(maxsize=1024)
def parse(text: str) -> datetime:
    """A moment in RFC 3339, with or without a fraction, in any zone, as UTC."""
    return _parse(text, SECONDS_LAYOUT)[0]


def _parse(text: str, layout: str) -> tuple[datetime, str]:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise TimeError(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"')
    try:
        return datetime.fromisoformat(text).astimezone(UTC), match["fraction"] or ""
    except (ValueError, OverflowError):
        raise TimeError(f'parsing time "{text}": out of range') from None


def parse_micro(text: str) -> datetime:
    """A moment of a MicroTime field: the fraction has exactly six digits."""
    moment, fraction = _parse(text, MICRO_LAYOUT)
    if len(fraction) != 7:
        rest = text[19:]
        raise TimeError(f'parsing time "{text}" as "{MICRO_LAYOUT}": cannot parse "{rest}" as ".000000"')
    return moment


def format_seconds(moment: datetime) -> str:
    """`2006-01-02T15:04:05Z`, as in creationTimestamp. Fractions are cut."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def format_micro(moment: datetime) -> str:
    """`2006-01-02T15:04:05.000000Z`, as in a Lease's renewTime."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def canonical(text: str) -> str:
    """How the API writes the Time `text`."""
    if len(text) == 20 and text[19] == "Z" and _RFC3339.fullmatch(text):
        parse(text)
        return text
    return format_seconds(parse(text))


def canonical_micro(text: str) -> str:
    """How the API writes the MicroTime `text`."""
    return format_micro(parse_micro(text))


_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PIECE = re.compile(r"(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """A Go duration: `1h30m`, `1.5s`, `-2m`. Finer than a microsecond is cut."""
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return timedelta()
    nanos, at = 0, 0
    while match := _PIECE.match(rest, at):
        whole, fraction, unit = match[1], match[2] or "", _UNITS[match[3]]
        if not whole and not fraction:
            break
        nanos += int(whole or 0) * unit + int(fraction or 0) * unit // 10 ** len(fraction)
        at = match.end()
    if at == 0 or at != len(rest):
        raise TimeError(f'time: invalid duration "{text}"')
    return timedelta(microseconds=sign * (nanos // 1000))


def format_duration(span: timedelta) -> str:
    """As Go prints it: `1h30m0s`, `1.5s`, `20ms`, `0s`."""
    micros = abs(span) // timedelta(microseconds=1)
    sign = "-" if span < timedelta() else ""
    if micros == 0:
        return "0s"
    if micros < 1000:
        return f"{sign}{micros}µs"
    if micros < 10**6:
        return f"{sign}{_plain(micros, 10**3)}ms"
    minutes, micros = divmod(micros, 60 * 10**6)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{text}{_plain(micros, 10**6)}s"


def _plain(number: int, unit: int) -> str:
    """number/unit, exact, without trailing zeros."""
    whole, rest = divmod(number, unit)
    return f"{whole}.{rest:0{len(str(unit)) - 1}}".rstrip("0").rstrip(".")


def human_duration(span: timedelta) -> str:
    """An age as tables show it: `45s`, `5m30s`, `3d4h`, `2y10d`. Two units at most, fewer the older."""
    seconds = int(span.total_seconds())
    if seconds < -1:
        return "<invalid>"
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    minutes, hours = seconds // 60, seconds // 3600
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    return _days(hours)


def _days(hours: int) -> str:
    days = hours // 24
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 8 * 365:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def age(timestamp: str, now: datetime) -> str:
    """The Age column of an object created at `timestamp`; `<unknown>` where that is not set."""
    return human_duration(now - parse(timestamp)) if timestamp else "<unknown>"
