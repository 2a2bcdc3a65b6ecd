"""Garbage: whose owners are gone, or going."""

from __future__ import annotations

from typing import Any

from wherry.api.core.configmap import ConfigMap
from wherry.api.core.node import Node
from wherry.api.registry import by_kind, resource_for
from wherry.controllers.garbagecollector import (
    Disown,
    Drop,
    Finish,
    Graph,
    Inquire,
    Place,
    Unblock,
    Warn,
    decide,
)
from wherry.machinery.meta import Object, ObjectMeta, OwnerReference

GOING = "2026-01-01T00:00:00Z"


def reference(uid: str, *, kind: str = "ConfigMap", block: bool = True) -> OwnerReference:
    return OwnerReference(apiVersion="v1", kind=kind, name=uid, uid=uid, blockOwnerDeletion=block)


def configmap(name: str, *owners: OwnerReference, **metadata: Any) -> ConfigMap:
    return ConfigMap(
        metadata=ObjectMeta(name=name, uid=name, namespace="default", ownerReferences=owners, **metadata)
    )


class World:
    """A Sight over a few objects, and the graph that they make."""

    def __init__(self, *objects: Object, absent: tuple[str, ...] = ()) -> None:
        self.graph = Graph()
        self.objects = {self.place(obj): obj for obj in objects}
        self.absent = absent
        for place, obj in self.objects.items():
            list(self.graph.take(place, None, obj, self))

    def place(self, obj: Object) -> Place:
        return Place(resource_for(type(obj)), obj.metadata.namespace, obj.metadata.name)

    def object(self, place: Place) -> Object | None:
        return self.objects.get(place)

    def place_of(self, reference: OwnerReference, namespace: str) -> Place | None:
        resource = by_kind("", "v1", reference.kind)
        if resource is None:
            return None
        return Place(resource, namespace if resource.namespaced else "", reference.name)

    def is_absent(self, reference: OwnerReference, namespace: str) -> bool:
        return reference.uid in self.absent

    def decide(self, obj: Object) -> list[Any]:
        return list(decide(self.place(obj), self.graph, self))


def test_what_has_a_living_owner_stays() -> None:
    owner = configmap("owner")
    child = configmap("child", reference("owner"))
    assert World(owner, child).decide(child) == []


def test_the_server_is_asked_before_an_owner_counts_as_gone() -> None:
    child = configmap("child", reference("owner"))
    (decision,) = World(child).decide(child)
    assert isinstance(decision, Inquire)
    (decision,) = World(child, absent=("owner",)).decide(child)
    assert isinstance(decision, Drop)
    assert decision.propagation == "Background"


def test_another_object_of_the_same_name_is_no_owner() -> None:
    owner = ConfigMap(metadata=ObjectMeta(name="owner", uid="another", namespace="default"))
    child = configmap("child", reference("owner"))
    (decision,) = World(owner, child, absent=("owner",)).decide(child)
    assert isinstance(decision, Drop)


def test_one_living_owner_is_enough() -> None:
    owner = configmap("alive")
    child = configmap("child", reference("alive"), reference("gone"))
    (decision,) = World(owner, child, absent=("gone",)).decide(child)
    assert isinstance(decision, Disown)
    assert decision.uids == {"gone"}


def test_foreground_waits_for_blocking_dependents_alone() -> None:
    owner = configmap("owner", deletionTimestamp=GOING, finalizers=("foregroundDeletion",))
    blocking = configmap("blocking", reference("owner"))
    lax = configmap("lax", reference("owner", block=False))
    world = World(owner, blocking, lax)
    assert world.decide(owner) == [world.place(blocking)]
    (decision,) = world.decide(blocking)
    assert isinstance(decision, Drop)
    (decision,) = World(owner, lax).decide(owner)
    assert isinstance(decision, Finish)
    assert decision.finalizer == "foregroundDeletion"


def test_what_has_dependents_itself_is_deleted_in_the_foreground_too() -> None:
    owner = configmap("owner", deletionTimestamp=GOING, finalizers=("foregroundDeletion",))
    middle = configmap("middle", reference("owner"))
    leaf = configmap("leaf", reference("middle"))
    (decision,) = World(owner, middle, leaf).decide(middle)
    assert isinstance(decision, Drop)
    assert decision.propagation == "Foreground"


def test_a_circle_is_broken() -> None:
    owner = configmap("a", reference("b"), deletionTimestamp=GOING, finalizers=("foregroundDeletion",))
    other = configmap("b", reference("a"))
    decisions = World(owner, other).decide(other)
    assert [type(decision) for decision in decisions] == [Unblock, Drop]


def test_orphaning_disowns_all_and_then_finishes() -> None:
    owner = configmap("owner", deletionTimestamp=GOING, finalizers=("orphan",))
    child = configmap("child", reference("owner"))
    disown, finish = World(owner, child).decide(owner)
    assert isinstance(disown, Disown)
    assert isinstance(finish, Finish)
    assert finish.finalizer == "orphan"


def test_a_cluster_wide_object_cannot_belong_to_one_in_a_namespace() -> None:
    node = Node(metadata=ObjectMeta(name="n1", uid="n1", ownerReferences=(reference("owner"),)))
    (decision,) = World(node, absent=("owner",)).decide(node)
    assert isinstance(decision, Warn)


def test_the_end_of_an_owner_concerns_its_dependents() -> None:
    owner = configmap("owner")
    child = configmap("child", reference("owner"))
    world = World(owner, child)
    place = world.place(owner)
    del world.objects[place]
    assert list(world.graph.take(place, owner, None, world)) == [world.place(child)]


def test_a_dependent_that_is_gone_lets_its_owner_go() -> None:
    owner = configmap("owner", deletionTimestamp=GOING, finalizers=("foregroundDeletion",))
    child = configmap("child", reference("owner"))
    world = World(owner, child)
    assert list(world.graph.take(world.place(child), child, None, world)) == [world.place(owner)]
    assert world.graph.dependents("owner") == ()


def test_a_change_of_something_else_concerns_nobody() -> None:
    child = configmap("child", reference("owner"))
    world = World(child)
    changed = configmap("child", reference("owner"), labels={"a": "b"})
    assert list(world.graph.take(world.place(child), child, changed, world)) == []
