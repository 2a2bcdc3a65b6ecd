"""Tolerations: which taints a Pod puts up with."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api.core.affinity import Taint, Toleration


def tolerates(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    return any(_covers(toleration, taint) for toleration in tolerations)


def _covers(toleration: Toleration, taint: Taint) -> bool:
    """An empty effect covers all effects, an empty key (with Exists) all keys."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    match toleration.operator or "Equal":
        case "Exists":
            return True
        case "Equal":
            return bool(toleration.key) and toleration.value == taint.value
        case "Lt":
            return _numbers(taint.value, toleration.value, less=True)
        case "Gt":
            return _numbers(taint.value, toleration.value, less=False)
    return False


def _numbers(value: str, bound: str, *, less: bool) -> bool:
    try:
        left, right = int(value), int(bound)
    except ValueError:
        return False
    return left < right if less else left > right
