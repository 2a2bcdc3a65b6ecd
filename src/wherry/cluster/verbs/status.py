"""status: what runs, where, and how it is."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import click

from wherry.cluster.config import Config
from wherry.cluster.verbs.options import cluster_options, config_of

SECONDS = 3.0


@click.command("status", help="What runs, where, and how it is.")
@cluster_options
@click.option(
    "-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", help="For programs."
)
def command(output: str, **flags: Any) -> None:
    from wherry.cluster.config import settled

    config = settled(config_of(flags))
    found = look(config)
    if output == "json":
        click.echo(json.dumps(found, indent=2))
    elif output == "yaml":
        import yaml

        click.echo(yaml.safe_dump(found, sort_keys=False), nl=False)
    else:
        show(found)
    if not found["running"]:
        raise SystemExit(1)


def look(config: Config) -> dict[str, Any]:
    """The cluster as a tree: its processes, and what its API server says of nodes and Pods."""
    from wherry.cluster import processes
    from wherry.cluster.launch import CONTROL_PLANE, NODE

    components = {}
    for component in (CONTROL_PLANE, NODE):
        process = processes.find(config.run, component)
        components[component] = {
            "running": process is not None,
            **({"pid": process.pid, "memoryMiB": processes.memory(process.pid)} if process else {}),
        }
    tree: dict[str, Any] = {
        "name": config.name,
        "dataDir": str(config.data_dir),
        "running": all(each["running"] for each in components.values()),
        "components": components,
    }
    if components[CONTROL_PLANE]["running"]:
        tree |= asyncio.run(_ask(config))
    return tree


async def _ask(config: Config) -> dict[str, Any]:
    from wherry.api.core.node import Node
    from wherry.api.core.pod import Pod
    from wherry.cluster.running import client_of

    client = client_of(config)
    try:
        async with asyncio.timeout(SECONDS):
            nodes, pods = await client.list(Node), await client.list(Pod)
    except (OSError, TimeoutError) as error:
        return {"server": config.url, "error": f"the API server does not answer: {error}"}
    finally:
        await client.close()
    return {
        "server": config.url,
        "nodes": [
            {
                "name": node.metadata.name,
                "ready": any(c.type == "Ready" and c.status == "True" for c in node.status.conditions),
            }
            for node in nodes
        ],
        "pods": {"running": sum(pod.status.phase == "Running" for pod in pods), "all": len(pods)},
    }


def show(found: dict[str, Any]) -> None:
    click.echo(f"cluster {found['name']} in {found['dataDir']}")
    for name, each in found["components"].items():
        state = f"running, pid {each['pid']}, {each['memoryMiB']} MiB" if each["running"] else "not running"
        click.echo(f"  {name:<14} {state}")
    if "error" in found:
        click.echo(f"  {'API server':<14} {found['error']}")
    for node in found.get("nodes", ()):
        click.echo(f"  {'node':<14} {node['name']}, {'Ready' if node['ready'] else 'NotReady'}")
    if "pods" in found:
        click.echo(f"  {'pods':<14} {found['pods']['running']} of {found['pods']['all']} running")
    if not found["running"]:
        click.echo("start what is missing with `wherry up`")
