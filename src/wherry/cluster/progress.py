"""Progress: what `up` is doing, how long each stage took, and what to try next."""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import click

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAME_SECONDS = 0.1


class Progress:
    """One line a stage: while it runs on a terminal, and with its duration when it is done."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.stages: list[tuple[str, float]] = []
        self._live = sys.stderr.isatty() and not quiet
        self._began = now()

    @contextmanager
    def stage(self, words: str) -> Iterator[None]:
        began = now()
        with self._moving(words) if self._live else nullcontext():
            yield
        took = now() - began
        self.stages.append((words, took))
        if not self.quiet:
            click.echo(f"  {click.style('✓', fg='green')} {words:<44} {took:6.2f} s", err=True)

    @contextmanager
    def _moving(self, words: str) -> Iterator[None]:
        """A line that moves and counts seconds, until the block ends; then it is gone."""
        over = threading.Event()
        began = now()

        def draw() -> None:
            for frame in itertools.cycle(FRAMES):
                click.echo(f"\r  {frame} {words} … {now() - began:.0f} s", nl=False, err=True)
                if over.wait(FRAME_SECONDS):
                    click.echo("\r\033[K", nl=False, err=True)
                    return

        drawer = threading.Thread(target=draw, daemon=True)
        drawer.start()
        try:
            yield
        finally:
            over.set()
            drawer.join()

    @property
    def total(self) -> float:
        return now() - self._began

    def show(self, result: Mapping[str, Any], output: str) -> None:
        """The summary: for people, or all of it for programs."""
        stages = [{"stage": words, "seconds": round(took, 3)} for words, took in self.stages]
        tree = {**result, "stages": stages, "seconds": round(self.total, 3)}
        if output == "json":
            click.echo(json.dumps(tree, indent=2))
            return
        if output == "yaml":
            import yaml

            click.echo(yaml.safe_dump(tree, sort_keys=False), nl=False)
            return
        verb = "found running" if result["found"] else "ready"
        click.echo(f"\ncluster {result['name']} is {verb} after {self.total:.2f} s")
        click.echo(f"  API server   {result['server']}")
        click.echo(f"  kubeconfig   {result['kubeconfig']}  (context {result['context']})")
        for line in result["try"]:
            click.echo(f"  try          {line}")


def now() -> float:
    return time.monotonic()  # noqa: TID251 - a person waits, and is told how long
