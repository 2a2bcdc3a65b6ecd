"""Running: what is done with a cluster that runs: load images, apply a manifest, wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from wherry.api.apps.deployment import Deployment
from wherry.api.core.event import Event
from wherry.api.registry import by_kind
from wherry.client import kubeconfig
from wherry.client.client import Client
from wherry.client.http import HttpTransport
from wherry.cluster import example
from wherry.cluster.clock import SystemClock
from wherry.cluster.config import Config
from wherry.cluster.progress import Progress
from wherry.machinery.errors import NotFound

WAIT_SECONDS = 120.0


class NotServing(Exception):
    """What was started does not run; what is known of the reason."""


def client_of(config: Config) -> Client:
    return Client(
        HttpTransport.to(kubeconfig.load(config.kubeconfig), SystemClock(), user_agent="wherry-cli")
    )


def load_images(config: Config, files: Iterable[Path]) -> Sequence[str]:
    """Load image archives into the node's runtime; the names they brought."""
    from wherry.cluster.nodeprocess import runtime_of

    async def load() -> list[str]:
        runtime = await runtime_of(config)
        try:
            return [name for file in files for name in await runtime.load(str(file))]
        finally:
            await runtime.close()

    return asyncio.run(load())


def run_example(config: Config, progress: Progress) -> None:
    with progress.stage("images of the example application"):
        load_images(config, example.write_images(config.data_dir / "images"))
    with progress.stage("3 replicas of the example serve"):
        asyncio.run(_apply_and_wait(config))


async def _apply_and_wait(config: Config) -> None:
    import yaml

    client = client_of(config)
    try:
        for tree in yaml.safe_load_all(example.MANIFEST):
            await apply(client, tree)
        try:
            await wait_for(client, example.NAME)
        except TimeoutError:
            raise NotServing(await _why(client)) from None
    finally:
        await client.close()


async def _why(client: Client) -> str:
    """What the node last said about Pods that do not run."""
    events = await client.list(Event, "default")
    warnings = [event for event in events if event.type == "Warning"]
    last = max(warnings, key=lambda event: event.lastTimestamp, default=None)
    said = f"the last warning: {last.reason}: {last.message}" if last is not None else "nothing was said why"
    return f"the example did not serve within {WAIT_SECONDS:.0f} s; {said}; see `kubectl describe pods`"


async def apply(client: Client, tree: dict[str, Any]) -> None:
    """Server-side apply of one manifest."""
    group, _, version = tree["apiVersion"].rpartition("/")
    resource = by_kind(group, version, tree["kind"])
    if resource is None:
        raise NotFound(f"{tree['apiVersion']} {tree['kind']} is not served: see `kubectl api-resources`")
    name, namespace = tree["metadata"]["name"], tree["metadata"].get("namespace", "default")
    await client.patch(
        resource,
        name,
        tree,
        namespace if resource.namespaced else "",
        type="apply",
        field_manager="wherry",
        force=True,
    )


async def wait_for(client: Client, name: str, namespace: str = "default") -> None:
    """Return once a Deployment's rollout is complete."""
    async with asyncio.timeout(WAIT_SECONDS):
        async for events in client.watch(Deployment, namespace, fieldSelector=f"metadata.name={name}"):
            for event in events:
                if event.object is not None and _complete(event.object):
                    return


def _complete(found: Deployment) -> bool:
    status = found.status
    return (
        status.observedGeneration >= (found.metadata.generation or 0)
        and status.updatedReplicas == status.availableReplicas == status.replicas == found.spec.replicas
    )
