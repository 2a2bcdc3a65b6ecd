"""logs: a component's log, newest last."""

from __future__ import annotations

import collections
import json
import select
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import click

from wherry.cluster.verbs.options import cluster_options, config_of

SHOWN = ("time", "level", "logger", "message", "exception")


@click.command("logs", help="Show a component's log: controlplane, node or containerd.")
@cluster_options
@click.argument("component")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written from now.")
@click.option("--tail", type=int, default=200, show_default=True, help="How many lines to begin with.")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Lines as written: json."
)
def command(component: str, follow: bool, tail: int, output: str, **flags: Any) -> None:
    config = config_of(flags)
    files = {
        path.stem: path
        for folder in ("logs", "containerd")
        for path in (config.data_dir / folder).glob("*.log")
    }
    file = files.get(component)
    if file is None:
        known = sorted(files)
        there = f"there are logs of {', '.join(known)}" if known else "the cluster has not run yet"
        raise click.ClickException(f"there is no log of {component!r}: {there}")
    for line in lines(file, tail, follow=follow):
        click.echo(line.rstrip("\n") if output == "json" else readable(line))


def lines(file: Path, tail: int, *, follow: bool) -> Iterator[str]:
    with file.open(errors="replace") as source:
        yield from collections.deque(source, tail)
        while follow:
            yield from _new(source)


def _new(source: TextIO) -> Iterator[str]:
    """What has been written since. A person reads along: looking four times a second is soon enough."""
    found = source.readline()
    if not found:
        select.select([], [], [], 0.25)
        return
    yield found


def readable(line: str) -> str:
    """One line for people; what is not ours (a crash's last words) is shown as it is."""
    try:
        found = json.loads(line)
        text = f"{found['time']} {found['level'][:4].upper():4} {found['logger']}: {found['message']}"
    except (ValueError, KeyError, TypeError):
        return line.rstrip("\n")
    rest = " ".join(f"{key}={value}" for key, value in found.items() if key not in SHOWN)
    exception = found.get("exception")
    return text + (f"  {rest}" if rest else "") + (f"\n{exception}" if exception else "")
