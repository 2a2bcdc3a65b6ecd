"""NodeResourcesFit: what a Pod asks for must be there; the emptier the node, the better."""

from __future__ import annotations

import numpy as np

from wherry.scheduler.framework import Plugin, Rejections, plugin
from wherry.scheduler.table import SCORED, Ints, NodeTable, PodRow

REASONS = {"pods": "Too many pods"}


@plugin("NodeResourcesFit", retry_on=("Pod/deleted", "Node/added", "Node/allocatable"))
class NodeResourcesFit(Plugin):
    def filter(self, pod: PodRow, nodes: NodeTable) -> Rejections:
        asked = np.flatnonzero(pod.requests)
        free = nodes.allocatable[:, asked] - nodes.requested[:, asked]
        short = pod.requests[asked] > free
        return {
            REASONS.get(nodes.resources[column], f"Insufficient {nodes.resources[column]}"): short[:, at]
            for at, column in enumerate(asked)
        }

    def score(self, pod: PodRow, nodes: NodeTable) -> Ints | None:
        """LeastAllocated. In integers, so that equal clusters place equally."""
        capacity = nodes.allocatable[:, SCORED]
        free = np.maximum(capacity - (nodes.scored + pod.scored), 0)
        percent: Ints = 100 * free // np.maximum(capacity, 1)
        mean: Ints = percent.sum(axis=1) // len(SCORED)
        return mean
