"""up: a cluster on this machine: control plane and node agent in the background."""

from __future__ import annotations

from typing import Any

import click

from wherry.cluster.verbs.options import cluster_options, config_of, server_options


@click.command("up", help="Start a cluster on this machine, or find the one that runs.")
@cluster_options
@server_options
@click.option("--example", is_flag=True, help="Run the example application on it.")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", help="For programs."
)
def command(example: bool, output: str, **flags: Any) -> None:
    from wherry.cluster.config import ConfigError
    from wherry.cluster.launch import Launch, LaunchFailed
    from wherry.cluster.processes import StartFailed
    from wherry.cluster.progress import Progress
    from wherry.cluster.running import NotServing

    config = config_of(flags)
    progress = Progress(quiet=output != "text")
    try:
        result = Launch(config, progress).up(example=example)
    except (LaunchFailed, StartFailed, NotServing, ConfigError) as error:
        raise click.ClickException(str(error)) from None
    progress.show(result, output)
