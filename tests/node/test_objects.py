"""Objects: only what pods refer to is watched, one watch for all of them, and tokens are asked for once."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from wherry.api.core.configmap import ConfigMap
from wherry.api.core.pod import Pod
from wherry.api.core.secret import Secret
from wherry.client.client import Client
from wherry.machinery.meta import ObjectMeta
from wherry.node.objects import mounted_references

LIMIT = 10.0  # seconds


def test_what_a_pods_volumes_show_is_what_is_watched() -> None:
    volumes = [
        {"name": "a", "configMap": {"name": "cm"}},
        {"name": "b", "secret": {"secretName": "s"}},
        {"name": "c", "projected": {"sources": [{"configMap": {"name": "cm2"}}, {"secret": {"name": "s"}}]}},
        {"name": "d", "emptyDir": {}},
    ]
    pod = msgspec.convert({"metadata": {"namespace": "n"}, "spec": {"volumes": volumes}}, Pod)
    assert mounted_references(pod) == {
        (ConfigMap, "n", "cm"),
        (ConfigMap, "n", "cm2"),
        (Secret, "n", "s"),
    }


async def test_a_mounted_configmap_follows_its_changes(node: Any, client: Client) -> None:
    meta = ObjectMeta(name="cm", namespace="default")
    await client.create(ConfigMap(metadata=meta, data={"k": "1"}))
    pod = await node.create("web", volumes=[{"name": "v", "configMap": {"name": "cm"}}])
    await node.until("web", lambda pod: pod.status.phase == "Running")
    folder = node.config.pod_folder(pod.metadata.uid) / "volumes" / "kubernetes.io~config-map" / "v"
    assert (folder / "k").read_text() == "1"
    await client.patch(ConfigMap, "cm", {"data": {"k": "2"}}, "default")
    await node.until_true(lambda: (folder / "k").read_text() == "2")
    await client.delete(Pod, "web", "default")
    await node.until_true(lambda: not node.agent.workers)
    assert not node.agent.tools.objects._held
    assert not folder.exists()


async def test_labels_shown_in_a_volume_follow_the_pod(node: Any, client: Client) -> None:
    items = [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]
    pod = await node.create("web", volumes=[{"name": "v", "downwardAPI": {"items": items}}])
    await node.until("web", lambda pod: pod.status.phase == "Running")
    file = (
        node.config.pod_folder(pod.metadata.uid) / "volumes" / "kubernetes.io~downward-api" / "v" / "labels"
    )
    await client.patch(Pod, "web", {"metadata": {"labels": {"a": "b"}}}, "default")
    async with asyncio.timeout(LIMIT):
        await node.until_true(lambda: file.read_text() == 'a="b"')
