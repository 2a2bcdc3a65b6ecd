"""TaintToleration: nodes keep Pods off with taints, unless those tolerate them."""

from __future__ import annotations

import numpy as np

from wherry.api.core.affinity import Taint
from wherry.api.core.tolerations import is_tolerated
from wherry.scheduler.framework import Plugin, Rejections, normalized, plugin
from wherry.scheduler.table import Ints, Mask, NodeTable, PodRow

HARD = ("NoSchedule", "NoExecute")


@plugin("TaintToleration", retry_on=("Node/added", "Node/taints"))
class TaintToleration(Plugin):
    def filter(self, pod: PodRow, nodes: NodeTable) -> Rejections:
        """Each set of taints is judged once, however many nodes have it."""
        codes = nodes.taints
        found: dict[str, Mask] = {}
        for code in np.unique(codes):
            taint = self._untolerated(pod, nodes.taint_sets[code])
            if taint is not None:
                reason = (
                    f"node(s) had untolerated taint(s) {{{taint.key}: {taint.value}}}"
                    if taint.value
                    else (f"node(s) had untolerated taint(s) {{{taint.key}: }}")
                )
                mask = codes == code
                found[reason] = found[reason] | mask if reason in found else mask
        return found

    def _untolerated(self, pod: PodRow, taints: tuple[Taint, ...]) -> Taint | None:
        tolerations = pod.pod.spec.tolerations
        return next((t for t in taints if t.effect in HARD and not is_tolerated(t, tolerations)), None)

    def score(self, pod: PodRow, nodes: NodeTable) -> Ints | None:
        """The fewer taints that a node would rather be spared for, the better."""
        tolerations = pod.pod.spec.tolerations
        counts = np.array(
            [
                sum(t.effect == "PreferNoSchedule" and not is_tolerated(t, tolerations) for t in taints)
                for taints in nodes.taint_sets
            ],
            np.int64,
        )
        return normalized(counts[nodes.taints], reverse=True)
