"""NodePorts: a host port is given once per address and protocol."""

from __future__ import annotations

import numpy as np

from wherry.scheduler.framework import Plugin, Rejections, plugin
from wherry.scheduler.table import NodeTable, PodRow, Port

REASON = "node(s) didn't have free ports for the requested pod ports"
ANY_ADDRESS = "0.0.0.0"


@plugin("NodePorts", retry_on=("Pod/deleted", "Node/added"))
class NodePorts(Plugin):
    def filter(self, pod: PodRow, nodes: NodeTable) -> Rejections:
        if not pod.ports:
            return {}
        taken = [any(_clash(mine, theirs) for mine in pod.ports for theirs in ports) for ports in nodes.ports]
        return {REASON: np.array(taken, np.bool_)}


def _clash(one: Port, other: Port) -> bool:
    same_address = one[0] == other[0] or ANY_ADDRESS in (one[0], other[0])
    return same_address and one[1:] == other[1:]
