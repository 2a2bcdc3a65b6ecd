"""A node without containers behaves as a node agent does towards the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tests.sim.conftest import wait_for_none

from wherry.api.coordination.lease import Lease
from wherry.api.core.node import Node
from wherry.api.core.pod import Pod
from wherry.machinery.times import parse
from wherry.sim.clock import START, VirtualClock
from wherry.testing import Cluster


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    async with Cluster(nodes=2, clock=VirtualClock(), ready_after=3.0) as made:
        yield made


def pod(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "x:1"}], **spec},
    }


def ready(found: Any) -> bool:
    return any(c.type == "Ready" and c.status == "True" for c in found.status.conditions)


async def test_nodes_register_as_ready_and_renew_their_leases(cluster: Cluster) -> None:
    for name in ("node-1", "node-2"):
        node = await cluster.until(Node, name, ready, namespace="")
        assert node.status.allocatable["pods"] == "110"

    def later(lease: Lease) -> bool:
        return parse(lease.spec.renewTime) > START + timedelta(seconds=60)

    await cluster.until(Lease, "node-1", later, namespace="kube-node-lease", seconds=90)
    node = await cluster.client.get(Node, "node-1")
    assert not node.spec.taints, "the node lifecycle controller has seen it Ready"


async def test_a_pod_is_ready_as_long_after_it_was_placed_as_the_node_takes(cluster: Cluster) -> None:
    await cluster.put(pod("a"))
    found = await cluster.until(Pod, "a", ready)
    conditions = {c.type: parse(c.lastTransitionTime) for c in found.status.conditions}
    assert conditions["Ready"] - conditions["PodScheduled"] == timedelta(seconds=3)
    assert found.status.phase == "Running"
    assert found.spec.nodeName in ("node-1", "node-2")
    assert found.status.podIP.startswith("10.244.")


async def test_pods_have_addresses_of_their_own(cluster: Cluster) -> None:
    for name in "abcd":
        await cluster.put(pod(name))
    addresses = {(await cluster.until(Pod, name, ready)).status.podIP for name in "abcd"}
    assert len(addresses) == 4


async def test_a_deleted_pod_goes(cluster: Cluster) -> None:
    await cluster.put(pod("a"))
    found = await cluster.until(Pod, "a", ready)
    await cluster.client.delete(found)
    await wait_for_none(cluster, Pod, "a")
