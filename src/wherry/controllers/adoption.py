"""Adoption: making owner references follow selectors: take in what matches, let go what does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from wherry.controllers.contract import Patch
from wherry.machinery.meta import Object
from wherry.machinery.selectors import Selector

ObjectT = TypeVar("ObjectT", bound=Object)


def claim(
    owner: Object, selector: Selector, owned: Sequence[ObjectT], orphans: Iterable[ObjectT]
) -> tuple[list[ObjectT], list[Patch]]:
    """What belongs to `owner`, adoptions included, and the patches that make it so.

    An owner that is being deleted takes nothing in and lets nothing go.
    """
    patches: list[Patch] = []
    claimed: list[ObjectT] = []
    leaving = bool(owner.metadata.deletionTimestamp)
    for obj in owned:
        if selector.matches(obj.metadata.labels):
            claimed.append(obj)
        elif not leaving:
            patches.append(release(owner, obj))
    if leaving:
        return claimed, patches
    for obj in orphans:
        if not obj.metadata.deletionTimestamp and selector.matches(obj.metadata.labels):
            patches.append(adopt(owner, obj))
            claimed.append(obj)
    return claimed, patches


def adopt(owner: Object, obj: Object) -> Patch:
    reference = {
        "apiVersion": owner.apiVersion,
        "kind": owner.kind,
        "name": owner.metadata.name,
        "uid": owner.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    body = {"metadata": {"ownerReferences": [reference], "uid": obj.metadata.uid}}
    return Patch(obj, body, "strategic")


def release(owner: Object, obj: Object) -> Patch:
    reference = {"$patch": "delete", "uid": owner.metadata.uid}
    body = {"metadata": {"ownerReferences": [reference], "uid": obj.metadata.uid}}
    return Patch(obj, body, "strategic")
