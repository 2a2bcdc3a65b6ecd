"""node: the node agent alone, in the foreground. Needs root and a control plane."""

from __future__ import annotations

from typing import Any

import click

from wherry.cluster.verbs.options import cluster_options, config_of


@click.command("node", help="Run the node agent alone, in the foreground.")
@cluster_options
def command(**flags: Any) -> None:
    from wherry.cluster.config import settled
    from wherry.cluster.foreground import run
    from wherry.cluster.nodeprocess import running
    from wherry.network.errors import NetworkError
    from wherry.node.runtimes.interface import RuntimeFailure
    from wherry.wire.server import PortInUse

    config = settled(config_of(flags))
    run(lambda: running(config), (RuntimeFailure, NetworkError, PortInUse, OSError))
