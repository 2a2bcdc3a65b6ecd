"""kubeconfig: print what clients need to talk to the cluster."""

from __future__ import annotations

from typing import Any

import click

from wherry.cluster.verbs.options import cluster_options, config_of


@click.command("kubeconfig", help="Print the cluster's kubeconfig.")
@cluster_options
@click.option("--path", is_flag=True, help="Print where the file is, instead of what is in it.")
def command(path: bool, **flags: Any) -> None:
    config = config_of(flags)
    if not config.kubeconfig.exists():
        raise click.ClickException(f"there is no cluster {config.name!r} yet: start it with `wherry up`")
    click.echo(str(config.kubeconfig) if path else config.kubeconfig.read_text(), nl=path)
