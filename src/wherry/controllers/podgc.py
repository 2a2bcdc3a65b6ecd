"""Pod garbage collector: removes Pods that nobody else will: finished ones beyond a number, lost ones.

Pods are looked at through the nodes they are on; the name "" stands for no node and for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from wherry.api.core.pod import Pod
from wherry.controllers.contract import (
    Key,
)
from wherry.controllers.pods import is_finished

THRESHOLD = 12500  # finished Pods that are kept
QUARANTINE = timedelta(seconds=40)  # a node's Pods survive it for so long: it may come back
SWEEP = timedelta(seconds=20)  # how soon finished Pods beyond the threshold are counted again
NODE, FINISHED = "node", "finished"
ALL: Key = ("", "")
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


def by_node(pod: Pod) -> Iterator[str]:
    yield pod.spec.nodeName


def by_end(pod: Pod) -> Iterator[str]:
    if is_finished(pod):
        yield "yes"
