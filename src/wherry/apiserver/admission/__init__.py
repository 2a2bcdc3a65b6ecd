"""admission: what the API server itself has to say about a change before it is validated and stored.

A plug-in is one file and its place in ORDER. A mutating one changes the tree in place and must be
idempotent; a validating one raises. Both get a Review: who asks for what, and a view of what exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from wherry.apiserver.call import Call
from wherry.apiserver.entry import Entry
from wherry.apiserver.hub import Hub
from wherry.machinery.clock import Clock
from wherry.machinery.schema import Tree


@dataclass(slots=True)
class Review:
    """One change under admission. `old` is None on create; `tree` is None on delete."""

    call: Call
    operation: str  # CREATE, UPDATE or DELETE
    tree: Tree | None
    old: Entry | None
    hub: Hub
    clock: Clock


class Plugin(Protocol):
    """What a plug-in's module offers. `interested` keeps it out of the way of everything else."""

    def interested(self, review: Review) -> bool: ...


class Mutating(Plugin, Protocol):
    def admit(self, tree: Tree, review: Review) -> None: ...


class Validating(Plugin, Protocol):
    def check(self, review: Review) -> None: ...


@dataclass(frozen=True, slots=True)
class Admission:
    """The plug-ins to run, in order."""

    mutating: Sequence[Mutating]
    validating: Sequence[Validating]

    def mutate(self, review: Review) -> None:
        if review.tree is None:
            return
        for plugin in self.mutating:
            if plugin.interested(review):
                plugin.admit(review.tree, review)

    def validate(self, review: Review) -> None:
        for plugin in self.validating:
            if plugin.interested(review):
                plugin.check(review)
