"""server: the control plane alone, in the foreground. Needs no root."""

from __future__ import annotations

from typing import Any

import click

from wherry.cluster.verbs.options import cluster_options, config_of, server_options


@click.command("server", help="Run the control plane alone, in the foreground.")
@cluster_options
@server_options
def command(**flags: Any) -> None:
    from wherry.client.kubeconfig import KubeconfigError
    from wherry.cluster import credentials
    from wherry.cluster.clock import SystemClock
    from wherry.cluster.config import settled
    from wherry.cluster.controlplane import running
    from wherry.cluster.foreground import run
    from wherry.cluster.pki import DamagedIdentity
    from wherry.store.interface import StoreError
    from wherry.wire.server import PortInUse

    config = settled(config_of(flags))
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = credentials.prepare(config, SystemClock().now())
    except DamagedIdentity as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"{config.data_dir} cannot be written: {error.strerror}; choose another folder with --data-dir"
        ) from None
    run(lambda: running(config, made), (StoreError, PortInUse, KubeconfigError, OSError))
