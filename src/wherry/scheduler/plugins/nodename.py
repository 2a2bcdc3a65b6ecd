"""NodeName: a Pod that names its node goes there and nowhere else."""

from __future__ import annotations

import numpy as np

from wherry.scheduler.framework import Plugin, Rejections, plugin
from wherry.scheduler.table import NodeTable, PodRow

REASON = "node(s) didn't match the requested node name"


@plugin("NodeName", retry_on=("Node/added",))
class NodeName(Plugin):
    def filter(self, pod: PodRow, nodes: NodeTable) -> Rejections:
        wanted = pod.pod.spec.nodeName
        if not wanted:
            return {}
        mask = np.ones(len(nodes), np.bool_)
        row = nodes.rows.get(wanted)
        if row is not None:
            mask[row] = False
        return {REASON: mask}
