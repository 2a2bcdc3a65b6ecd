"""down: stop the cluster. What it holds stays, unless --purge says otherwise."""

from __future__ import annotations

from typing import Any

import click

from wherry.cluster.verbs.options import cluster_options, config_of


@click.command("down", help="Stop the cluster; --purge removes everything it left.")
@cluster_options
@click.option("--purge", is_flag=True, help="Remove its data, networks and rules as well.")
def command(purge: bool, **flags: Any) -> None:
    from wherry.cluster.config import settled
    from wherry.cluster.teardown import take_down

    config = settled(config_of(flags))
    if not config.data_dir.exists():
        click.echo(f"no cluster {config.name!r} in {config.data_dir}")
        return
    for line in take_down(config, purge=purge):
        click.echo(line)
