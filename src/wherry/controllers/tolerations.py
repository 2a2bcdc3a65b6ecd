"""Tolerations: how long a Pod stays on a node that has taints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from wherry.api.core.affinity import Taint, Toleration
from wherry.api.core.tolerations import tolerates


def stay(taints: Iterable[Taint], tolerations: Sequence[Toleration]) -> timedelta | None:
    """How long a Pod with these tolerations may stay: zero if one is not tolerated, None for ever."""
    used: list[Toleration] = []
    for taint in taints:
        matching = next((each for each in tolerations if tolerates(each, taint)), None)
        if matching is None:
            return timedelta()
        used.append(matching)
    seconds = [each.tolerationSeconds for each in used if each.tolerationSeconds is not None]
    return timedelta(seconds=max(min(seconds), 0)) if seconds else None
