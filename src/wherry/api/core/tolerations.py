"""Tolerations: which taints a Pod puts up with."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api.core.affinity import Taint, Toleration


def is_tolerated(taint: Taint, tolerations: Iterable[Toleration]) -> bool:
    return any(tolerates(each, taint) for each in tolerations)


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """An empty effect covers all effects, an empty key all keys."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    match toleration.operator or "Equal":
        case "Exists":
            return True
        case "Equal":
            return toleration.value == taint.value
        case "Lt":
            return _compares(taint.value, toleration.value, less=True)
        case "Gt":
            return _compares(taint.value, toleration.value, less=False)
    return False


def _compares(value: str, bound: str, *, less: bool) -> bool:
    try:
        left, right = int(value), int(bound)
    except ValueError:
        return False
    return left < right if less else left > right
