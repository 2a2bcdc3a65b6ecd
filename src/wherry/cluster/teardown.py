"""Teardown: stops a cluster in the order in which nothing is left hanging, and purges what it left."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Iterator

from wherry.client import kubeconfig
from wherry.cluster import processes
from wherry.cluster.clock import SystemClock
from wherry.cluster.config import Config
from wherry.cluster.launch import CONTROL_PLANE, NODE


def take_down(config: Config, *, purge: bool) -> Iterator[str]:
    """Stop everything; a line for each thing done. With `purge` nothing of the cluster stays on the host."""
    from wherry.cluster.network import NodeNetwork
    from wherry.cluster.nodeprocess import cgroup_root, containerd_settings
    from wherry.node.runtimes import cgroups
    from wherry.node.runtimes.daemon import Daemon, unmount_below

    # The agent first: else it would start again what is stopped now.
    if processes.stop(config.run, NODE):
        yield "node agent stopped"
    asyncio.run(Daemon(containerd_settings(config), SystemClock()).stop())
    yield "pods and their runtime stopped"
    unmount_below(str(config.data_dir))
    if processes.stop(config.run, CONTROL_PLANE):
        yield "control plane stopped"
    if not purge:
        return
    asyncio.run(NodeNetwork(config).tear_down())
    yield "networks and rules removed"
    cgroups.detect().remove(cgroup_root(config))
    with contextlib.suppress(OSError, kubeconfig.KubeconfigError):
        kubeconfig.remove(kubeconfig.default_path(), config.context)
    shutil.rmtree(config.data_dir, ignore_errors=True)
    with contextlib.suppress(OSError):
        config.data_dir.parent.rmdir()  # the folder of all clusters, if this was the last
    yield f"{config.data_dir} removed"
