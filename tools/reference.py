"""reference: writes docs/reference from the program itself. Run `python -m tools.reference` after a change.

A test compares: what the pages say is what the program has.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import click

from wherry import controllers
from wherry.api.registry import all_resources
from wherry.apiserver.admission import order
from wherry.cluster.config import Config
from wherry.cluster.entry import VERBS, cli
from wherry.manager.engine import registered
from wherry.node import volumes
from wherry.scheduler.profile import default_profile

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE = "<!-- Made by tools/reference.py: change the program, then run `python -m tools.reference`. -->\n\n"


def pages() -> Mapping[str, str]:
    """File name to text."""
    made = {
        "command-line.md": command_line(),
        "configuration.md": configuration(),
        "resources.md": resources(),
        "controllers.md": parts(),
    }
    return {name: f"{MADE}{text}" for name, text in made.items()}


def table(*rows: tuple[str, ...]) -> str:
    head, *others = rows
    lines = [head, tuple("---" for _ in head), *others]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


# command line


def command_line() -> str:
    found = "\n\n".join(_verbs(cli, ("wherry",)))
    return (
        "# Command line\n\n"
        "Exit codes: 0 done, 1 failed (one line says what, why and what to do), 2 wrong usage.\n"
        "Every option can also be set as an environment variable, `WHERRY_<VERB>_<OPTION>`; settings of the\n"
        "cluster as `WHERRY_<SETTING>` (see [configuration](configuration.md)).\n\n"
        f"{found}\n"
    )


def _verbs(group: click.Group, path: tuple[str, ...]) -> Iterator[str]:
    context = click.Context(group)
    names = list(VERBS) if group is cli else sorted(group.list_commands(context))
    for name in names:
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _verbs(command, (*path, name))
        else:
            yield _verb(command, (*path, name))


def _verb(command: click.Command, path: tuple[str, ...]) -> str:
    rows = [("option", "what it does")]
    arguments = ""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            rows.append(_option(parameter))
        else:
            arguments += f" {parameter.make_metavar(click.Context(command))}"
    name = " ".join(path)
    return f"## `{name}{arguments}`\n\n{command.help}\n\n{table(*rows)}"


def _option(option: click.Option) -> tuple[str, str]:
    names = ", ".join(f"`{name}`" for name in option.opts)
    words = option.help or ""
    if isinstance(option.type, click.Choice):
        words += f" One of {', '.join(f'`{choice}`' for choice in option.type.choices)}."
    if option.show_default:
        words += f"  [default: {option.default}]"
    return names, words


# configuration

# What no option of `wherry up` says.
SETTINGS = {
    "agent_port": "Of the node agent.",
    "containerd": "Socket of a containerd to use. Empty: one of our own is started.",
    "data_dir": "Where the cluster keeps everything.",
    "name": "Which cluster, where there are several: letters, digits and dashes.",
}


def configuration() -> str:
    up = cli.get_command(click.Context(cli), "up")
    assert up is not None
    helps = {option.name: option.help or "" for option in up.params if isinstance(option, click.Option)}
    rows = [("setting", "default", "what it is")]
    for field in dataclasses.fields(Config):
        default = "by name, below the state folder" if field.name == "data_dir" else f"`{field.default}`"
        if field.default == "":
            default = "found" if field.name.startswith("node") else "none"
        words = SETTINGS.get(field.name) or helps[field.name].partition("  [")[0]
        rows.append((f"`{field.name}`", default, words))
    return (
        "# Configuration\n\n"
        "A setting comes from the first of these that names it: the flag (`--node-name`), the environment\n"
        "(`WHERRY_NODE_NAME`), the file named with `--config`, what an earlier `wherry up` kept in\n"
        "`<data_dir>/config.yaml`, the default.\n\n"
        f"{table(*rows)}\n\n"
        "The state folder is `/var/lib/wherry` for root, `~/.local/state/wherry` for everybody else. A\n"
        "cluster's folder holds `config.yaml`, `kubeconfig`, `pki/`, `store/`, `logs/`, `run/` and what its\n"
        "node needs; nothing of it is for other users to read.\n\n"
        "A file:\n\n```yaml\nname: blue\nport: 7443\nagent_port: 11250\nservice_cidr: 10.97.0.0/16\n"
        "cluster_cidr: 10.245.0.0/16\n```\n"
    )


# resources


def resources() -> str:
    rows = [("resource", "kind", "short", "scope", "verbs", "subresources")]
    whole = "create delete deletecollection get list patch update watch"
    for row in sorted(all_resources(), key=lambda row: (row.group, row.version, row.plural)):
        verbs = " ".join(sorted(row.verbs))
        rows.append(
            (
                f"`{row.apiVersion}` {row.plural}",
                row.kind,
                " ".join(row.shortNames),
                "namespace" if row.namespaced else "cluster",
                "all" if verbs == whole else verbs,
                " ".join(sorted(sub.name for sub in row.subresources)),
            )
        )
    return (
        f"# API resources\n\n{len(rows) - 1} resources are served: what `kubectl api-resources` shows. "
        f"`all` verbs are {whole}.\n\n"
        "Served means: stored, defaulted, watched, and validated by the rules of its file in `src/wherry/api`. What\n"
        "else happens to an object depends on the [controllers](controllers.md).\n\n"
        f"{table(*rows)}\n"
    )


# controllers and plug-ins


def parts() -> str:
    scheduling = [importlib.import_module(type(each.plugin).__module__) for each in default_profile()]
    admitting = list(dict.fromkeys((*order.MUTATING, *order.VALIDATING)))
    working = [importlib.import_module(f"wherry.controllers.{name}") for name in _controllers()] + [
        importlib.import_module("wherry.controllers.rootcacertpublisher")
    ]
    mounted = [
        module
        for info in pkgutil.iter_modules(volumes.__path__)
        if "@volume_type("
        in inspect.getsource(module := importlib.import_module(f"{volumes.__name__}.{info.name}"))
    ]
    sections = (
        ("Controllers", "`src/wherry/controllers/`, one file each; and for all kinds: garbage collection and the "
         "deletion of namespaces (`src/wherry/manager/`).", working),
        ("Admission plug-ins", "`src/wherry/apiserver/admission/`, in this order.", admitting),
        ("Scheduler plug-ins", "`src/wherry/scheduler/plugins/`, in this order.", scheduling),
        ("Volume types", "`src/wherry/node/volumes/`.", mounted),
    )  # fmt: skip
    text = "# Controllers and plug-ins\n\nWhat runs, by its own first sentence."
    for title, where, modules in sections:
        text += f"\n\n## {title}\n\n{where}\n\n" + "\n".join(f"- {_sentence(module)}" for module in modules)
    return text + "\n"


def _controllers() -> list[str]:
    files = {each.reconcile.__module__.rpartition(".")[2] for each in registered()}
    assert files <= {info.name for info in pkgutil.iter_modules(controllers.__path__)}
    return sorted(files)


def _sentence(module: ModuleType) -> str:
    text = " ".join((module.__doc__ or "").split("\n\n")[0].split())
    name, _, words = text.partition(": ")
    return f"**{name}**: {words}"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
