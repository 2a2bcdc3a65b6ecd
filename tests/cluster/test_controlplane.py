"""A whole control plane in the test's own process, on a store that survives it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from wherry.api.apps.deployment import Deployment
from wherry.api.core.configmap import ConfigMap
from wherry.api.core.node import Node
from wherry.api.core.pod import Pod
from wherry.api.core.serviceaccount import ServiceAccount
from wherry.client import kubeconfig
from wherry.client.client import Client
from wherry.client.http import HttpTransport
from wherry.cluster.clock import SystemClock
from wherry.cluster.config import Config
from wherry.cluster.controlplane import open_store, running
from wherry.cluster.credentials import prepare
from wherry.cluster.running import apply, client_of
from wherry.machinery.errors import Unauthorized
from wherry.machinery.meta import ObjectMeta
from wherry.store.memory import MemoryStore
from wherry.store.sqlite import SqliteStore


@asynccontextmanager
async def plane(config: Config) -> AsyncIterator[Client]:
    credentials = prepare(config, SystemClock().now())
    async with running(config, credentials):
        client = client_of(config)
        try:
            yield client
        finally:
            await client.close()


def deployment() -> dict[str, object]:
    text = json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {"containers": [{"name": "c", "image": "x:1"}]},
                },
            },
        }
    )
    tree: dict[str, object] = json.loads(text)
    return tree


async def pods(client: Client, count: int) -> None:
    """Return once the controllers have made so many."""
    async with asyncio.timeout(20):
        seen: set[str] = set()
        async for events in client.watch(Pod, "default"):
            seen |= {event.object.metadata.name for event in events if event.object is not None}
            if len(seen) == count:
                return


async def test_what_was_written_is_there_after_the_next_start(config: Config) -> None:
    async with plane(config) as client:
        await apply(client, deployment())
        await pods(client, 2)
        before = await client.get(Deployment, "web", "default")
    async with plane(config) as client:
        after = await client.get(Deployment, "web", "default")
        assert after.metadata.uid == before.metadata.uid
        assert len(await client.list(Pod, "default")) == 2


async def test_a_store_in_memory_starts_empty(config: Config, tmp_path: Path) -> None:
    config = dataclasses.replace(config, store="memory")
    async with plane(config) as client:
        await client.create(ConfigMap(metadata=ObjectMeta(name="a", namespace="default")))
    async with plane(config) as client:
        assert not [m for m in await client.list(ConfigMap, "default") if m.metadata.name == "a"]
    assert not (config.data_dir / "store").exists()


async def test_controllers_see_to_what_every_namespace_needs(config: Config) -> None:
    async with plane(config) as client, asyncio.timeout(20):
        async for events in client.watch(ServiceAccount, "kube-system"):
            if any(event.object and event.object.metadata.name == "default" for event in events):
                break
        assert not await client.list(Node)


async def test_who_shows_a_certificate_of_ours_is_known_and_others_are_nobody(config: Config) -> None:
    async with plane(config):
        access = kubeconfig.load(config.kubeconfig)
        nobody = kubeconfig.Access(server=access.server, ca=access.ca)
        stranger = Client(HttpTransport.to(nobody, SystemClock(), user_agent="x"))
        with pytest.raises(Unauthorized):
            await stranger.list(Pod)
        await stranger.close()


async def test_the_store_is_the_one_that_is_configured(config: Config) -> None:
    clock = SystemClock()
    kept = await open_store(config, clock)
    memory = await open_store(dataclasses.replace(config, store="memory"), clock)
    assert isinstance(kept, SqliteStore)
    assert isinstance(memory, MemoryStore)
    await kept.close()
    await memory.close()
    assert (config.data_dir / "store" / "wherry.db").exists()
