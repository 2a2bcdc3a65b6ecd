"""testing: what tests of operators and manifests import: a cluster in the test's own process."""

from wherry.sim.clock import VirtualClock, VirtualLoop, run
from wherry.sim.kit import Cluster

__all__ = ["Cluster", "VirtualClock", "VirtualLoop", "run"]
