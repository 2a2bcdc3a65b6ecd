"""Entry: the command line. A verb's module is imported when the verb is used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from wherry import __version__

# In the order in which help shows them.
VERBS = {
    "up": "Start a cluster on this machine, or find the one that runs.",
    "down": "Stop the cluster; --purge removes everything it left.",
    "status": "What runs, where, and how it is.",
    "kubeconfig": "Print the cluster's kubeconfig.",
    "logs": "Show a component's log.",
    "images": "Load container images into the node.",
    "server": "Run the control plane alone, in the foreground.",
    "node": "Run the node agent alone, in the foreground.",
}


class Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"wherry.cluster.verbs.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "WHERRY"},
    help="wherry: a complete Kubernetes in Python.",
)
@click.version_option(__version__, prog_name="wherry")
def cli() -> None: ...


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb. Exit codes: 0 done, 1 failed (one line says what, why and what to do), 2 wrong usage."""
    try:
        cli.main(arguments, prog_name="wherry", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(1)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        click.echo(f"wherry: {error.format_message()}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
