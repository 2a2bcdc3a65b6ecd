"""Progress: what `up` is doing, how long each stage took, and what to try next."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

BAR = ("⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏")


class Progress:
    """One line a stage: while it runs on a terminal, and with its duration when it is done."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.stages: list[tuple[str, float]] = []
        self._open = False
        self._live = sys.stderr.isatty()
        self._began = now()

    @contextmanager
    def stage(self, words: str) -> Iterator[None]:
        began = now()
        if self._live and not self.quiet:
            click.echo(f"  {BAR[len(self.stages) % len(BAR)]} {words} …", nl=False, err=True)
            self._open = True
        yield
        took = now() - began
        self.stages.append((words, took))
        if not self.quiet:
            self._clear()
            click.echo(f"  {click.style('✓', fg='green')} {words:<44} {took:6.2f} s", err=True)

    def fail(self) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._open:
            click.echo("\r\033[K", nl=False, err=True)
            self._open = False

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
