"""Ownership: who manages which fields, kept in metadata.managedFields on every write."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from wherry.apiserver.call import Call
from wherry.machinery.schema import Tree


class Ownership(Protocol):
    """Notes the owner of the fields that a write sets. Both change the tree's managedFields in place."""

    def created(self, tree: Tree, call: Call, now: datetime) -> None: ...

    def updated(self, tree: Tree, old: Tree, call: Call, now: datetime) -> None: ...
