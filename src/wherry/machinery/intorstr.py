"""IntOrString: a number, or a percentage of one (`maxUnavailable: 25%`), made into a number."""

from __future__ import annotations

import re

_PERCENT = re.compile(r"[0-9]+%", re.ASCII)
NOT_PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


class IntOrStringError(ValueError):
    """The text is not a percentage."""


def check_percent(text: str) -> list[str]:
    """What keeps `text` from being a percentage."""
    return [] if _PERCENT.fullmatch(text) else [NOT_PERCENT]


def percent(value: int | str) -> int | None:
    """The 25 of `25%`; None for what is not a percentage."""
    if isinstance(value, str) and _PERCENT.fullmatch(value):
        return int(value[:-1])
    return None


def scaled(value: int | str, total: int, *, round_up: bool) -> int:
    """`value` itself if it is a number; its share of `total` if it is a percentage."""
    if isinstance(value, int):
        return value
    share = percent(value)
    if share is None:
        raise IntOrStringError("invalid value for IntOrString: invalid type: string is not a percentage")
    return -(-share * total // 100) if round_up else share * total // 100


def rolling_bounds(max_surge: int | str, max_unavailable: int | str, desired: int) -> tuple[int, int]:
    """How many Pods a rolling update may add, and how many it may lack.

    Surge is rounded up, unavailability down. Where both come to nothing the update could not move:
    then one Pod may be unavailable.
    """
    surge = scaled(max_surge, desired, round_up=True)
    unavailable = scaled(max_unavailable, desired, round_up=False)
    if surge == 0 and unavailable == 0:
        return 0, 1
    return surge, unavailable
