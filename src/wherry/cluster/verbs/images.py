"""images: container images on this machine's node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wherry.cluster.verbs.options import cluster_options, config_of


@click.group("images", help="Load container images into the node.")
def command() -> None: ...


@command.command("load", help="Load an image archive, or every one in a folder.")
@cluster_options
@click.argument("path", type=click.Path(path_type=Path))
def load(path: Path, **flags: Any) -> None:
    from wherry.cluster.running import load_images
    from wherry.node.runtimes.interface import RuntimeFailure

    config = config_of(flags)
    for file in archives(path):
        try:
            for name in load_images(config, [file]):
                click.echo(f"loaded {name}")
        except (RuntimeFailure, OSError) as error:
            raise click.ClickException(f"{file} was not loaded: {error}") from None


def archives(path: Path) -> list[Path]:
    """The archive, or those in the folder, by name."""
    if path.is_dir():
        found = sorted(each for each in path.iterdir() if each.suffix in (".tar", ".gz", ".tgz"))
        if not found:
            raise click.ClickException(f"{path} holds no image archive (*.tar, *.tar.gz)")
        return found
    if not path.exists():
        raise click.ClickException(f"{path} is not there: name an image archive, or a folder of them")
    return [path]
