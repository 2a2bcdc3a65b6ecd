"""The cluster that tests of operators and manifests begin with: in synchronous code, in a loop, over HTTP."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from wherry.api.apps.deployment import Deployment
from wherry.api.core.configmap import ConfigMap
from wherry.api.core.pod import Pod
from wherry.client import kubeconfig
from wherry.machinery.errors import NotFound
from wherry.sim.clock import START, VirtualClock
from wherry.store.memory import MemoryStore
from wherry.testing import Cluster, run


def deployment(name: str = "web", replicas: int = 3, image: str = "x:1") -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
        },
    }


def test_in_synchronous_code_a_cluster_is_a_with() -> None:
    with Cluster() as cluster:
        cluster.apply(deployment())
        found = cluster.wait(Deployment, "web", lambda found: found.status.readyReplicas == 3)
        assert found.metadata.generation == 1
        pods = cluster.do(cluster.client.list(Pod, "default"))
        assert {pod.status.phase for pod in pods} == {"Running"}


def test_applying_again_changes_what_is_there() -> None:
    with Cluster(controllers=False) as cluster:
        for value in ("1", "2"):
            cluster.apply(
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": value}}
            )
        found = cluster.do(cluster.client.get(ConfigMap, "c", "default"))
        assert found.data == {"k": "2"}


def test_errors_are_raised_where_they_are_caused() -> None:
    with Cluster(controllers=False) as cluster, pytest.raises(NotFound):
        cluster.do(cluster.client.get(ConfigMap, "none", "default"))


def test_who_waits_in_vain_is_told_how_it_is() -> None:
    with Cluster(controllers=False) as cluster:
        words = "ConfigMap default/none is not as expected after 0.01 s: it is not there"
        with pytest.raises(TimeoutError, match=words):
            cluster.wait(ConfigMap, "none", lambda found: True, seconds=0.01)
        cluster.apply(deployment())
        with pytest.raises(TimeoutError, match=r"Deployment default/web .* its status is \{"):
            cluster.wait(Deployment, "web", lambda found: found.status.replicas == 3, seconds=0.1)


def test_without_controllers_nothing_happens() -> None:
    with Cluster(controllers=False) as cluster:
        cluster.apply(deployment())
        found = cluster.do(cluster.client.get(Deployment, "web", "default"))
        assert found.status.observedGeneration == 0
        assert not cluster.do(cluster.client.list(Pod, "default"))


async def test_in_a_loop_it_is_an_async_with_and_time_is_virtual() -> None:
    clock = VirtualClock()
    began = asyncio.get_running_loop().time()
    async with Cluster(clock=clock, ready_after=30.0) as cluster:
        await cluster.put(deployment())
        await cluster.until(Deployment, "web", lambda found: found.status.availableReplicas == 3)
    assert asyncio.get_running_loop().time() - began >= 30
    assert clock.now() >= START + timedelta(seconds=30)


async def test_a_rolling_update_never_falls_below_what_was_promised() -> None:
    async with Cluster(nodes=3, clock=VirtualClock(), ready_after=5.0) as cluster:
        await cluster.put(deployment(replicas=4))
        await cluster.until(Deployment, "web", lambda found: found.status.availableReplicas == 4)
        await cluster.put(deployment(replicas=4, image="x:2"))
        seen = []

        def complete(found: Deployment) -> bool:
            seen.append(found.status.availableReplicas)
            status = found.status
            return status.observedGeneration == 2 and status.updatedReplicas == status.replicas == 4

        await cluster.until(Deployment, "web", complete)
        assert min(seen) >= 3, "maxUnavailable is 25% of 4"


def test_the_same_seed_is_the_same_cluster() -> None:
    def story(seed: int) -> list[str]:
        async def tell() -> list[str]:
            async with Cluster(clock=VirtualClock(seed)) as cluster:
                await cluster.put(deployment())
                await cluster.until(Deployment, "web", lambda found: found.status.readyReplicas == 3)
                return sorted(pod.metadata.name for pod in await cluster.client.list(Pod, "default"))

        return run(tell())

    assert story(1) == story(1)
    assert story(1) != story(2)


async def test_a_store_can_be_used_again() -> None:
    clock = VirtualClock()
    store = KeptStore(clock=clock)
    for expected in (0, 1):
        async with Cluster(controllers=False, clock=clock, store=store) as cluster:
            assert len([m for m in await cluster.client.list(ConfigMap, "default")]) == expected
            await cluster.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})


class KeptStore(MemoryStore):
    """A store that outlives its cluster."""

    async def close(self) -> None:
        return None


def test_other_programs_reach_it_over_http(tmp_path: Path) -> None:
    with Cluster(controllers=False) as cluster:
        request = Request(
            f"{cluster.url}/api/v1/namespaces", headers={"Authorization": f"Bearer {cluster.token}"}
        )
        with urlopen(request, timeout=10) as answer:
            names = [item["metadata"]["name"] for item in json.load(answer)["items"]]
        assert "kube-system" in names
        access = kubeconfig.load(cluster.kubeconfig(tmp_path / "config"))
        assert (access.server, access.token) == (cluster.url, cluster.token)


def test_a_kind_that_is_not_served_is_named() -> None:
    with Cluster(controllers=False) as cluster, pytest.raises(NotFound, match=r"example\.com/v1 Widget"):
        cluster.apply({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}})
