"""Garbage collector: what is to become of objects whose owners are gone or going: pure decisions.

What is remembered is only who depends on whom, by uid; the rest is looked up in the caches when needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

from wherry.api.registry import Resource
from wherry.machinery.meta import Object, OwnerReference

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"


class Place(NamedTuple):
    """Where an object is."""

    resource: Resource
    namespace: str
    name: str


class Drop(msgspec.Struct, frozen=True):
    """Delete the object: nobody owns it any more, or its owner waits for that."""

    place: Place
    object: Object
    propagation: Literal["Background", "Foreground", "Orphan"]


class Disown(msgspec.Struct, frozen=True):
    """Take references to these owners away."""

    place: Place
    object: Object
    uids: frozenset[str]


class Unblock(msgspec.Struct, frozen=True):
    """Let owners not wait for this object, which waits itself."""

    place: Place
    object: Object


class Finish(msgspec.Struct, frozen=True):
    """Take the finalizer away: what it waited for is done."""

    place: Place
    object: Object
    finalizer: str


class Inquire(msgspec.Struct, frozen=True):
    """Ask the server whether this owner exists, and look again at the object if it does not."""

    place: Place
    reference: OwnerReference


class Warn(msgspec.Struct, frozen=True):
    place: Place
    object: Object
    message: str


Decision = Drop | Disown | Unblock | Finish | Inquire | Warn

OwnerState = Literal["solid", "waiting", "absent", "unsure", "invalid"]


class Sight(Protocol):
    """What the collector can see. Implemented over caches; in tests over a list of objects."""

    def object(self, place: Place) -> Object | None: ...

    def place_of(self, reference: OwnerReference, namespace: str) -> Place | None:
        """Where the owner would be; None where nobody knows its kind."""
        ...

    def is_absent(self, reference: OwnerReference, namespace: str) -> bool:
        """Whether the server has said that there is no such owner."""
        ...


class Graph:
    """Who depends on whom."""

    def __init__(self) -> None:
        self._dependents: dict[str, dict[str, Place]] = {}

    def dependents(self, uid: str) -> Sequence[Place]:
        return tuple(self._dependents.get(uid, {}).values())

    def take(self, place: Place, old: Object | None, new: Object | None, sight: Sight) -> Iterator[Place]:
        """Note a change; which places are to be looked at for it."""
        before = old.metadata.ownerReferences if old is not None else ()
        after = new.metadata.ownerReferences if new is not None else ()
        if before != after or (old is None) != (new is None):
            self._note(place, old, new, before, after)
            yield from self._freed(before, after, place, sight)
            if new is not None and after:
                yield place
        if new is None:
            if old is not None:
                yield from self.dependents(old.metadata.uid)
        elif _is_waiting(new):
            if old is None or not _is_waiting(old):
                yield place
                yield from self.dependents(new.metadata.uid)
        elif is_orphaning(new):
            yield place

    def _note(
        self,
        place: Place,
        old: Object | None,
        new: Object | None,
        before: Iterable[OwnerReference],
        after: Iterable[OwnerReference],
    ) -> None:
        if old is not None:
            for reference in before:
                entries = self._dependents.get(reference.uid, {})
                entries.pop(old.metadata.uid, None)
                if not entries:
                    self._dependents.pop(reference.uid, None)
        if new is not None:
            for reference in after:
                self._dependents.setdefault(reference.uid, {})[new.metadata.uid] = place

    def _freed(
        self,
        before: Iterable[OwnerReference],
        after: Iterable[OwnerReference],
        place: Place,
        sight: Sight,
    ) -> Iterator[Place]:
        """Owners that may not have to wait for this object any more."""
        blocking = {reference.uid for reference in after if reference.blockOwnerDeletion}
        for reference in before:
            if reference.blockOwnerDeletion and reference.uid not in blocking:
                owner = sight.place_of(reference, place.namespace)
                if owner is not None:
                    yield owner


def decide(place: Place, graph: Graph, sight: Sight) -> Iterator[Decision | Place]:
    """What to do about the object at `place`, and which places to look at besides."""
    obj = sight.object(place)
    if obj is None:
        return
    if is_orphaning(obj):
        yield from _orphan(place, obj, graph, sight)
        return
    if _is_waiting(obj):
        yield from _wait(place, obj, graph, sight)
    if obj.metadata.deletionTimestamp and not _is_waiting(obj):
        return
    if obj.metadata.ownerReferences:
        yield from _owned(place, obj, graph, sight)


def _is_waiting(obj: Object) -> bool:
    """Whether it is being deleted in the foreground: after its dependents."""
    return bool(obj.metadata.deletionTimestamp) and FOREGROUND in obj.metadata.finalizers


def is_orphaning(obj: Object) -> bool:
    return bool(obj.metadata.deletionTimestamp) and ORPHAN in obj.metadata.finalizers


def _orphan(place: Place, owner: Object, graph: Graph, sight: Sight) -> Iterator[Decision]:
    uid = owner.metadata.uid
    for each in graph.dependents(uid):
        dependent = sight.object(each)
        if dependent is not None:
            yield Disown(each, dependent, frozenset((uid,)))
    yield Finish(place, owner, ORPHAN)


def _wait(place: Place, owner: Object, graph: Graph, sight: Sight) -> Iterator[Decision | Place]:
    blocking = [
        (each, dependent)
        for each in graph.dependents(owner.metadata.uid)
        if (dependent := sight.object(each)) is not None and _blocks(dependent, owner.metadata.uid)
    ]
    if not blocking:
        yield Finish(place, owner, FOREGROUND)
    for each, dependent in blocking:
        if not _is_waiting(dependent):
            yield each


def _blocks(dependent: Object, uid: str) -> bool:
    return any(each.uid == uid and each.blockOwnerDeletion for each in dependent.metadata.ownerReferences)


def _owned(place: Place, obj: Object, graph: Graph, sight: Sight) -> Iterator[Decision]:
    states: dict[OwnerState, list[OwnerReference]] = {}
    for reference in obj.metadata.ownerReferences:
        state, warning = _state(reference, place, sight)
        states.setdefault(state, []).append(reference)
        if warning:
            yield Warn(place, obj, warning)
    if "invalid" in states:
        return
    for reference in states.get("unsure", ()):
        yield Inquire(place, reference)
    if "unsure" in states:
        return
    going = [*states.get("absent", ()), *states.get("waiting", ())]
    if "solid" in states:
        if going:
            yield Disown(place, obj, frozenset(reference.uid for reference in going))
    elif obj.metadata.deletionTimestamp:
        return
    elif "waiting" in states and graph.dependents(obj.metadata.uid):
        waits = (sight.object(each) for each in graph.dependents(obj.metadata.uid))
        if any(each is not None and _is_waiting(each) for each in waits):
            yield Unblock(place, obj)  # it may be its own owner's owner: nobody would ever begin
        yield Drop(place, obj, "Foreground")
    else:
        yield Drop(place, obj, _propagation(obj))


def _propagation(obj: Object) -> Literal["Background", "Foreground", "Orphan"]:
    if ORPHAN in obj.metadata.finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in obj.metadata.finalizers else "Background"


def _state(reference: OwnerReference, place: Place, sight: Sight) -> tuple[OwnerState, str]:
    owner_place = sight.place_of(reference, place.namespace)
    if owner_place is None:
        return ("absent" if sight.is_absent(reference, place.namespace) else "unsure"), ""
    if owner_place.resource.namespaced and not place.namespace:
        return "invalid", f"ownerRef {_named(reference)} is namespaced, but the object is not"
    owner = sight.object(owner_place)
    if owner is not None and owner.metadata.uid == reference.uid:
        return ("waiting" if _is_waiting(owner) else "solid"), ""
    if not sight.is_absent(reference, place.namespace):
        return "unsure", ""
    return "absent", ""


def _named(reference: OwnerReference) -> str:
    return f"[{reference.apiVersion}/{reference.kind}, name: {reference.name}, uid: {reference.uid}]"


def invalid_namespace(reference: OwnerReference, namespace: str) -> str:
    """What users are told where an owner may well exist, but in another namespace."""
    where = f"[{reference.apiVersion}/{reference.kind}, namespace: {namespace}, name: {reference.name}, "
    return f'ownerRef {where}uid: {reference.uid}] does not exist in namespace "{namespace}"'
