"""Options: flags that many verbs share, and the configuration they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from wherry.cluster import config as configuration
from wherry.cluster.config import Config, ConfigError

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def cluster_options(function: FunctionT) -> FunctionT:
    """--name, --data-dir, --config: which cluster is meant."""
    for option in (
        click.option("--config", "file", type=click.Path(path_type=Path), help="A YAML file with settings."),
        click.option(
            "--data-dir", type=click.Path(path_type=Path), help="Where the cluster keeps everything."
        ),
        click.option("--name", help="Which cluster, where there are several.  [default: wherry]"),
    ):
        function = option(function)
    return function


def server_options(function: FunctionT) -> FunctionT:
    """What a control plane is told."""
    for option in (
        click.option("--store", type=click.Choice(["sqlite", "memory"]), help="Where objects are kept."),
        click.option("--service-cidr", help="Addresses of Services.  [default: 10.96.0.0/16]"),
        click.option("--cluster-cidr", help="Addresses of Pods.  [default: 10.244.0.0/16]"),
        click.option("--node-ip", help="This machine's address.  [default: found]"),
        click.option("--node-name", help="This machine's name in the cluster.  [default: the host's]"),
        click.option(
            "--agent-port", type=click.IntRange(1, 65535), help="Of the node agent.  [default: 10250]"
        ),
        click.option("--port", type=click.IntRange(1, 65535), help="Of the API server.  [default: 6443]"),
        click.option("--host", help="Address to listen on.  [default: all]"),
    ):
        function = option(function)
    return function


def config_of(flags: dict[str, Any]) -> Config:
    file = flags.pop("file", None)
    try:
        return configuration.load(flags, file=file)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
