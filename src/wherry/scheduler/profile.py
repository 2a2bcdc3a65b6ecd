"""Profile: which plug-ins run, in which order, with which weight: upstream's default."""

from __future__ import annotations

from wherry.scheduler.framework import Weighted
from wherry.scheduler.plugins.nodeaffinity import NodeAffinity
from wherry.scheduler.plugins.nodename import NodeName
from wherry.scheduler.plugins.nodeports import NodePorts
from wherry.scheduler.plugins.noderesourcesfit import NodeResourcesFit
from wherry.scheduler.plugins.nodeunschedulable import NodeUnschedulable
from wherry.scheduler.plugins.tainttoleration import TaintToleration


def default_profile() -> tuple[Weighted, ...]:
    return (
        Weighted(NodeUnschedulable()),
        Weighted(NodeName()),
        Weighted(TaintToleration(), 3),
        Weighted(NodeAffinity(), 2),
        Weighted(NodePorts()),
        Weighted(NodeResourcesFit()),
    )
