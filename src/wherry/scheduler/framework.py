"""Framework: what a plug-in is, and how its answers for all nodes are put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np

from wherry.scheduler.table import Ints, Mask, NodeTable, PodRow

Rejections = Mapping[str, Mask]
"""Reasons, each with the nodes that it rules out."""

BEST = 100  # the highest score of one plug-in for one node


class Plugin:
    """`filter` rules nodes out, `score` prefers some of the rest; a plug-in has one of them or both.

    `name` is upstream's. `retry_on` names the changes that may let a Pod in that this plug-in kept out:
    `Pod/deleted`, `Node/added`, `Node/allocatable`, `Node/taints`, `Node/labels`.
    """

    name: ClassVar[str]
    retry_on: ClassVar[frozenset[str]]

    def filter(self, pod: PodRow, nodes: NodeTable) -> Rejections:
        """Nodes that cannot take the Pod, by reason."""
        return {}

    def score(self, pod: PodRow, nodes: NodeTable) -> Ints | None:
        """0 to BEST for each node; None where this plug-in has no preference for this Pod."""
        return None


@dataclass(frozen=True, slots=True)
class Weighted:
    plugin: Plugin
    weight: int = 1


PluginT = TypeVar("PluginT", bound=Plugin)
REGISTRY: dict[str, type[Plugin]] = {}


def plugin(name: str, *, retry_on: Sequence[str]) -> Callable[[type[PluginT]], type[PluginT]]:
    """Registers a plug-in under upstream's name."""

    def register(kind: type[PluginT]) -> type[PluginT]:
        if name in REGISTRY:
            raise ValueError(f"the scheduler plug-in {name} is registered twice")
        kind.name = name
        kind.retry_on = frozenset(retry_on)
        REGISTRY[name] = kind
        return kind

    return register


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a Pod can go, and for each reason how many nodes it rules out (a node counts once)."""

    feasible: Mask
    reasons: Mapping[str, int]
    plugins: frozenset[str]  # those that ruled something out


def judge(pod: PodRow, nodes: NodeTable, plugins: Sequence[Weighted]) -> Verdict:
    """Ask every plug-in, in order. A node is ruled out by the first that minds it, as upstream counts."""
    feasible: Mask = np.ones(len(nodes), np.bool_)
    reasons: dict[str, int] = {}
    minded: set[str] = set()
    for each in plugins:
        out: Mask | None = None
        for reason, mask in each.plugin.filter(pod, nodes).items():
            hit = mask & feasible
            count = int(hit.sum())
            if count:
                reasons[reason] = reasons.get(reason, 0) + count
                minded.add(each.plugin.name)
                out = hit if out is None else out | hit
        if out is not None:
            feasible = feasible & ~out
    return Verdict(feasible, reasons, frozenset(minded))


def rank(pod: PodRow, nodes: NodeTable, plugins: Sequence[Weighted]) -> Ints:
    """The weighted sum of all scores."""
    total: Ints = np.zeros(len(nodes), np.int64)
    for each in plugins:
        score = each.plugin.score(pod, nodes)
        if score is not None:
            total += each.weight * score
    return total


def normalized(score: Ints, feasible: Mask | None = None, *, reverse: bool = False) -> Ints:
    """Scores of any size brought to 0..BEST, the largest to BEST; `reverse`: small ones are good."""
    largest = int(score.max(initial=0))
    if largest == 0:
        return np.full(len(score), BEST, np.int64) if reverse else score
    scaled: Ints = score * BEST // largest
    return BEST - scaled if reverse else scaled


def explain(nodes: int, reasons: Mapping[str, int]) -> str:
    """`0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).`"""
    if not nodes:
        return "no nodes available to schedule pods"
    counted = sorted(f"{count} {reason}" for reason, count in reasons.items())
    return f"0/{nodes} nodes are available: {', '.join(counted)}."
