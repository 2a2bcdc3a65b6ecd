"""Ownership: who manages which fields, kept in metadata.managedFields on every write."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from wherry.apiserver.call import Call
from wherry.machinery import managedfields
from wherry.machinery.managedfields import Manager
from wherry.machinery.schema import Tree

# Scale is a view: what is written through it is owned as a field of the object behind it.
MAIN = ("", "binding", "eviction")


class Ownership:
    """Notes the owner of the fields that a write sets. Changes the tree's managedFields in place."""

    def created(self, tree: Tree, call: Call, now: datetime) -> None:
        self._note(tree, None, call, now)

    def updated(self, tree: Tree, old: Tree, call: Call, now: datetime) -> None:
        self._note(tree, old, call, now)

    def _note(self, tree: Tree, old: Tree | None, call: Call, now: datetime) -> None:
        entries: list[Any] = managedfields.update(old, tree, call.resource.shape, manager_of(call), now)
        if entries:
            tree["metadata"]["managedFields"] = entries
        else:
            tree["metadata"].pop("managedFields", None)


def manager_of(call: Call) -> Manager:
    subresource = "" if call.subresource in MAIN else call.subresource
    return Manager(call.manager, call.resource.apiVersion, subresource)
