"""Ranking: which Pods of a set are given up first when there are too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cmp_to_key
from math import log2

from wherry.api.core.pod import Pod
from wherry.controllers.pods import is_ready, ready_condition
from wherry.machinery import times

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def victims(active: Sequence[Pod], related: Iterable[Pod], count: int, now: datetime) -> Sequence[Pod]:
    """The `count` Pods to delete: those least missed.

    First those without a node, then by phase, not ready, cheap by annotation, on nodes with many related
    Pods, ready for a short time, often restarted, young.
    """
    if count >= len(active):
        return active
    crowds = Counter(pod.spec.nodeName for pod in related)

    def compare(a: Pod, b: Pod) -> int:
        return _compare(a, b, crowds, now)

    return sorted(active, key=cmp_to_key(compare))[:count]


def _compare(a: Pod, b: Pod, crowds: Counter[str], now: datetime) -> int:
    """Below zero: `a` goes first."""
    ready = is_ready(a)
    difference = (
        bool(a.spec.nodeName) - bool(b.spec.nodeName)
        or _PHASES.get(a.status.phase, 0) - _PHASES.get(b.status.phase, 0)
        or ready - is_ready(b)
        or deletion_cost(a) - deletion_cost(b)
        or crowds[b.spec.nodeName] - crowds[a.spec.nodeName]
    )
    if not difference and ready:
        difference = _younger(_ready_since(a), _ready_since(b), a, b, now)
    return (
        difference
        or _restarts(b, a)
        or _younger(a.metadata.creationTimestamp, b.metadata.creationTimestamp, a, b, now)
    )


def _ready_since(pod: Pod) -> str:
    condition = ready_condition(pod)
    return condition.lastTransitionTime if condition is not None else ""


def _younger(since_a: str, since_b: str, a: Pod, b: Pod, now: datetime) -> int:
    """The younger first, by order of magnitude; within one, by uid, which is as good as chance.

    That keeps a scale-down from taking just those that were made last, all in one zone perhaps.
    """
    if since_a == since_b:
        return 0
    if not since_a or not since_b:
        return -1 if not since_a else 1
    difference = _magnitude(since_a, now) - _magnitude(since_b, now)
    return difference or (-1 if a.metadata.uid < b.metadata.uid else 1)


def _magnitude(timestamp: str, now: datetime) -> int:
    nanoseconds = (now - times.parse(timestamp)) // timedelta(microseconds=1) * 1000
    return int(log2(nanoseconds)) if nanoseconds > 0 else -1


def deletion_cost(pod: Pod) -> int:
    """0 where the annotation is missing or is not a plain integer of 32 bits."""
    text = pod.metadata.annotations.get(DELETION_COST, "")
    digits = text.removeprefix("-")
    plain = digits.isascii() and digits.isdigit() and (digits[0] != "0" or text == "0")
    value = int(text) if plain else 0
    return value if -(2**31) <= value < 2**31 else 0


def _restarts(a: Pod, b: Pod) -> int:
    """Compares the most restarts of a container; where those are equal, of a sidecar."""
    return _most(a, sidecars=False) - _most(b, sidecars=False) or _most(a, sidecars=True) - _most(
        b, sidecars=True
    )


def _most(pod: Pod, *, sidecars: bool) -> int:
    if not sidecars:
        return max((status.restartCount for status in pod.status.containerStatuses), default=0)
    names = {each.name for each in pod.spec.initContainers if each.restartPolicy == "Always"}
    statuses = pod.status.initContainerStatuses
    return max((status.restartCount for status in statuses if status.name in names), default=0)
