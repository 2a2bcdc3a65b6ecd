"""Garbage collection in a cluster; its decisions: tests/controllers/test_garbagecollector.py."""

from __future__ import annotations

from typing import Any

from wherry.api.core.configmap import ConfigMap
from wherry.api.core.event import Event
from wherry.machinery.meta import ObjectMeta, OwnerReference


def owned(name: str, uid: str, owner: str = "owner", namespace: str = "default") -> ConfigMap:
    reference = OwnerReference(apiVersion="v1", kind="ConfigMap", name=owner, uid=uid)
    return ConfigMap(metadata=ObjectMeta(name=name, namespace=namespace, ownerReferences=(reference,)))


def owner() -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name="owner", namespace="default"))


def test_what_comes_with_an_owner_that_never_was_is_deleted(play: Any) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(owned("child", "no-such-uid"))
        await cluster.after(2)
        assert await cluster.client.find(ConfigMap, "child", "default") is None

    play(scenario)


def test_an_owner_that_was_replaced_under_its_name_is_gone(play: Any) -> None:
    async def scenario(cluster: Any) -> None:
        first = await cluster.client.create(owner())
        await cluster.client.create(owned("child", first.metadata.uid))
        await cluster.after(2)
        assert await cluster.client.find(ConfigMap, "child", "default") is not None
        await cluster.client.delete(first)
        await cluster.client.create(owner())
        await cluster.after(2)
        assert await cluster.client.find(ConfigMap, "child", "default") is None
        assert await cluster.client.find(ConfigMap, "owner", "default") is not None

    play(scenario)


def test_an_owner_in_another_namespace_is_none_and_users_are_told(play: Any, namespace: Any) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(namespace("team"))
        made = await cluster.client.create(owner())
        await cluster.after(1)
        await cluster.client.create(owned("child", made.metadata.uid, namespace="team"))
        await cluster.after(2)
        assert await cluster.client.find(ConfigMap, "child", "team") is None
        (event,) = [
            event
            for event in await cluster.client.list(Event, "team")
            if event.reason == "OwnerRefInvalidNamespace"
        ]
        assert event.message.endswith('does not exist in namespace "team"')

    play(scenario)


def test_a_second_owner_keeps_a_dependent(play: Any) -> None:
    async def scenario(cluster: Any) -> None:
        first = await cluster.client.create(owner())
        second = await cluster.client.create(
            ConfigMap(metadata=ObjectMeta(name="second", namespace="default"))
        )
        references = (
            OwnerReference(apiVersion="v1", kind="ConfigMap", name="owner", uid=first.metadata.uid),
            OwnerReference(apiVersion="v1", kind="ConfigMap", name="second", uid=second.metadata.uid),
        )
        child = ConfigMap(metadata=ObjectMeta(name="child", namespace="default", ownerReferences=references))
        await cluster.client.create(child)
        await cluster.after(1)
        await cluster.client.delete(first)
        await cluster.after(2)
        left = await cluster.client.get(ConfigMap, "child", "default")
        assert [each.name for each in left.metadata.ownerReferences] == ["second"]

    play(scenario)


def test_a_long_chain_goes_from_end_to_end(play: Any) -> None:
    async def scenario(cluster: Any) -> None:
        above = await cluster.client.create(owner())
        root = above
        for number in range(20):
            child = owned(f"child{number}", above.metadata.uid, above.metadata.name)
            above = await cluster.client.create(child)
        await cluster.after(2)
        await cluster.client.delete(root, propagation="Background")
        await cluster.after(5)
        assert [
            each for each in await cluster.client.list(ConfigMap, "default") if each.metadata.ownerReferences
        ] == []

    play(scenario)
