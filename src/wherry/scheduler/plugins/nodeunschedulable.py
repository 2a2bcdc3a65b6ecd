"""NodeUnschedulable: a cordoned node takes only Pods that tolerate it."""

from __future__ import annotations

from wherry.api.core.affinity import Taint
from wherry.api.core.tolerations import is_tolerated
from wherry.scheduler.framework import Plugin, Rejections, plugin
from wherry.scheduler.table import NodeTable, PodRow

REASON = "node(s) were unschedulable"
TAINT = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


@plugin("NodeUnschedulable", retry_on=("Node/added", "Node/taints"))
class NodeUnschedulable(Plugin):
    def filter(self, pod: PodRow, nodes: NodeTable) -> Rejections:
        if is_tolerated(TAINT, pod.pod.spec.tolerations):
            return {}
        return {REASON: nodes.unschedulable}
