"""Write: the way of an object into the store, top to bottom, in upstream's order.

Decode and default, merge, mutating admission, prepare, validate, validating admission, put. An update that
changes nothing writes nothing. A write that lost the race starts again from what is true by then, unless
the client said which version it meant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from wherry.api.registry import Resource
from wherry.apiserver import body, metadata
from wherry.apiserver.admission import Admission, Review
from wherry.apiserver.call import Call, Outcome, User, user_tree
from wherry.apiserver.entry import Entry, stored_form
from wherry.apiserver.hub import Hub, store_key, stored_resource
from wherry.apiserver.ownership import Ownership
from wherry.apiserver.read import key_of
from wherry.machinery import managedfields
from wherry.machinery.clock import Clock
from wherry.machinery.enums import validate_enums
from wherry.machinery.errors import (
    AlreadyExists,
    FieldError,
    already_exists,
    conflict,
    invalid_object,
    not_found,
)
from wherry.machinery.schema import Tree
from wherry.store.interface import ABSENT, Conflict

TRIES = 5  # how often a write that pins no version starts again
NAME_TRIES = 8  # how often a generated name is drawn

# Kinds whose /status may also change labels and annotations; the others keep all metadata.
OPEN_STATUS = frozenset(("Pod", "Node", "Deployment", "CustomResourceDefinition", "APIService"))

# Written by the system, not by the object's owner.
UNCOUNTED = frozenset(("binding", "status", "approval", "finalize"))
# A node agent registers its Node with what it has seen already.
BORN_WITH_STATUS = frozenset(("Node",))

AUTHOR = frozenset(("username", "uid", "groups", "extra"))

Change = Callable[[Entry], Tree]


class Writer:
    """Creates and updates. Deleting is `Deleter`'s job, a subresource's particulars its own module's."""

    def __init__(
        self, hub: Hub, admission: Admission, clock: Clock, ownership: Ownership, hooks: Hooks | None = None
    ) -> None:
        self.hub = hub
        self.admission = admission
        self.clock = clock
        self.ownership = ownership
        self.hooks = hooks or Hooks()

    async def create(self, call: Call) -> Outcome:
        """Store a new object. AlreadyExists, Invalid, BadRequest, Forbidden."""
        tree = body.object_of(call)
        given = (tree.get("metadata") or {}).get("name", "")
        generated = not given and bool((tree.get("metadata") or {}).get("generateName"))
        for attempt in range(NAME_TRIES if generated else 1):
            try:
                return await self.store_new(call, tree)
            except AlreadyExists as error:
                if attempt == NAME_TRIES - 1:
                    raise AlreadyExists(
                        f"{error.message}, the server was not able to generate a unique name for the object",
                        details=error.details,
                        retry_after=1,
                    ) from None
                if not generated:
                    raise
                tree["metadata"].pop("name")
        raise AssertionError("a loop over attempts returns or raises")

    async def store_new(self, call: Call, tree: Tree, *, applied: bool = False) -> Outcome:
        """Store a completed tree as a new object. `applied`: ownership has been noted already."""
        resource = call.resource
        metadata.begin(tree, call, self.clock)
        key = key_of(resource, call.namespace, call.name)
        if self.hub.cache(resource).get(key) is not None:
            raise already_exists(resource.plural, call.name, resource.group)
        if resource.subresource("status") is not None and resource.kind not in BORN_WITH_STATUS:
            tree.pop("status", None)
        if not applied:
            # Before admission: what the cluster adds of its own is nobody's.
            self.ownership.created(tree, call, self.clock.now())
        review = Review(call, "CREATE", tree, None, self.hub, self.clock)
        self.admission.mutate(review)
        if resource.strategy.generation:
            tree["metadata"]["generation"] = 1
        if resource.strategy.prepare is not None:
            resource.strategy.prepare(tree, None)
        if resource.strategy.states_author:
            sign(tree, call.user)
        undo = self.hooks.before_create(call, tree)
        try:
            self._validate(resource, tree, None)
            self.admission.validate(review)
            if call.dry_run:
                undo()
                return Outcome(201, Entry(resource, key, stored_form(resource, tree), self.hub.revision))
            entry = await self._put(resource, key, tree, ABSENT)
        except BaseException:
            undo()
            raise
        return Outcome(201, entry)

    async def update(self, call: Call) -> Outcome:
        """Replace an object, or its status, by the request's."""
        tree = body.object_of(call)
        sent = (tree.get("metadata") or {}).get("resourceVersion", "")
        strategy = call.resource.strategy
        if not sent and strategy.needs_version and self.find(call) is not None:
            error = FieldError("metadata.resourceVersion", "must be specified for an update", 0)
            raise invalid_object(call.resource.kind, call.name, [error], call.resource.group)
        if strategy.create_on_update and not call.subresource and self.find(call) is None:
            (tree.setdefault("metadata", {})).setdefault("name", call.name)
            if tree["metadata"]["name"] != call.name:
                metadata.carry_over(tree, {"metadata": {}}, call)
            return await self.store_new(call, tree)
        packed = msgspec.msgpack.encode(tree)
        return await self.change(call, lambda _: msgspec.msgpack.decode(packed))

    def find(self, call: Call) -> Entry | None:
        key = key_of(call.resource, call.namespace, call.name)
        entry = self.hub.cache(call.resource).get(key)
        return entry.viewed(call.resource) if entry is not None else None

    async def change(self, call: Call, make: Change, *, applied: bool = False) -> Outcome:
        """Put `make(current)` in the place of an object, and start again when somebody else was faster.

        A tree that states a resourceVersion other than the newest is a Conflict. `applied`: ownership
        has been noted by `make`.
        """
        resource = call.resource
        for _ in range(TRIES):
            current = self.find(call)
            if current is None:
                raise not_found(resource.plural, call.name, resource.group)
            tree = make(current)
            stated = (tree.get("metadata") or {}).get("resourceVersion", "")
            if stated not in ("", "0", str(current.revision)):
                raise conflict(resource.plural, call.name, resource.group)
            try:
                return await self._change(call, current, tree, applied)
            except Conflict as lost:
                # Somebody's write is on its way to the cache: go on from there.
                await self.hub.wait(lost.actual or self.hub.store.revision)
        raise conflict(resource.plural, call.name, resource.group)

    async def _change(self, call: Call, current: Entry, tree: Tree, applied: bool) -> Outcome:
        resource = call.resource
        old = current.tree
        metadata.carry_over(tree, old, call)
        self._confine(tree, old, call)
        if not applied:
            self.ownership.updated(tree, old, call, self.clock.now())
        review = Review(call, "UPDATE", tree, current, self.hub, self.clock)
        self.admission.mutate(review)
        if resource.strategy.prepare is not None and not call.subresource:
            resource.strategy.prepare(tree, old)
        undo = self.hooks.before_update(call, tree, old)
        try:
            self._count(call, tree, old)
            tree["metadata"]["resourceVersion"] = str(current.revision)
            self._validate(resource, tree, current, call.subresource)
            self.admission.validate(review)
            if _same(tree, old):
                undo()
                return Outcome(200, current)
            if call.dry_run:
                undo()
                return Outcome(
                    200, Entry(resource, current.key, stored_form(resource, tree), current.revision)
                )
            if finished(tree):
                undo()
                return await self.remove(resource, current.key, tree, current.revision)
            entry = await self._put(resource, current.key, tree, current.revision)
        except BaseException:
            undo()
            raise
        self.hooks.after_update(call, tree, old)
        return Outcome(200, entry)

    async def remove(self, resource: Resource, key: str, tree: Tree, revision: int) -> Outcome:
        """Take an object out of the store: nothing holds it any more."""
        stored = stored_resource(resource)
        new = await self.hub.store.delete(store_key(stored, key), expect=revision)
        await self.hub.wait(new)
        self.hooks.after_delete(resource, tree)
        return Outcome(200, Entry(resource, key, stored_form(resource, tree), new))

    async def _put(self, resource: Resource, key: str, tree: Tree, expect: int) -> Entry:
        stored = stored_resource(resource)
        if stored is not resource:
            convert = resource.strategy.to_stored
            assert convert is not None, f"{resource.apiVersion} {resource.kind} has no to_stored"
            tree = {**tree, "metadata": dict(tree["metadata"])}
            convert(tree)
        value = stored_form(stored, tree)
        try:
            revision = await self.hub.store.put(store_key(stored, key), value, expect=expect)
        except Conflict:
            if expect == ABSENT:
                raise already_exists(resource.plural, tree["metadata"]["name"], resource.group) from None
            raise
        await self.hub.wait(revision)
        return Entry(stored, key, value, revision).viewed(resource)

    def _confine(self, tree: Tree, old: Tree, call: Call) -> None:
        """An update of the main resource leaves the status alone, and one of the status all else."""
        if call.subresource == "status":
            kept = {key: value for key, value in old.items() if key not in ("status", "metadata")}
            status = tree.get("status")
            own = tree["metadata"]
            tree["metadata"] = dict(old["metadata"])
            if call.resource.kind in OPEN_STATUS:
                for field in ("labels", "annotations", "finalizers"):
                    if field in own:
                        tree["metadata"][field] = own[field]
                    else:
                        tree["metadata"].pop(field, None)
            if "managedFields" in own:
                tree["metadata"]["managedFields"] = own["managedFields"]
            for key in list(tree):
                if key not in ("status", "metadata"):
                    del tree[key]
            tree.update(kept)
            if status is not None:
                tree["status"] = status
        elif not call.subresource and call.resource.subresource("status") is not None:
            if "status" in old:
                tree["status"] = old["status"]
            else:
                tree.pop("status", None)

    def _count(self, call: Call, tree: Tree, old: Tree) -> None:
        """metadata.generation counts what its owner wants of an object, not what became of it."""
        if not call.resource.strategy.generation or call.subresource in UNCOUNTED:
            return
        before = old["metadata"].get("generation", 0)
        changed = any(
            tree.get(key) != old.get(key)
            for key in {*tree, *old} - {"metadata", "status", "kind", "apiVersion"}
        )
        if changed or before:
            tree["metadata"]["generation"] = before + 1 if changed else before

    def _validate(self, resource: Resource, tree: Tree, old: Entry | None, subresource: str = "") -> None:
        strategy = resource.strategy
        errors = list(metadata.check(resource, tree))
        errors += validate_enums(tree, resource.shape)
        if old is not None:
            errors += metadata.check_update(tree, old.tree)
        if strategy.validate is not None:
            try:
                typed: Any = msgspec.convert(tree, resource.type)
            except msgspec.ValidationError as error:
                raise body.unfit(resource, str(error)) from None
            errors += strategy.validate(typed, old.typed if old is not None else None)
            if old is not None and (transition := strategy.transitions.get(subresource)) is not None:
                errors += transition(typed, old.typed)
        if errors:
            name = tree["metadata"].get("name", "") or tree["metadata"].get("generateName", "")
            raise invalid_object(resource.kind, name, errors, resource.group)


class Hooks:
    """What a few resources need done around a write: addresses and ports of Services, for one.

    `before_*` return what takes their work back when the write fails.
    """

    def before_create(self, call: Call, tree: Tree) -> Callable[[], None]:
        return _nothing

    def before_update(self, call: Call, tree: Tree, old: Tree) -> Callable[[], None]:
        return _nothing

    def after_update(self, call: Call, tree: Tree, old: Tree) -> None:
        return None

    def after_delete(self, resource: Resource, tree: Tree) -> None:
        return None


def _nothing() -> None:
    return None


def sign(tree: Tree, author: User) -> None:
    """The spec says who asks, whatever the one who asks says."""
    spec = {field: value for field, value in (tree.get("spec") or {}).items() if field not in AUTHOR}
    tree["spec"] = spec | user_tree(author)


def finished(tree: Tree) -> bool:
    """Nothing holds the object any more: deletion was asked for, grace is over, no finalizer is left."""
    found = tree["metadata"]
    return bool(
        found.get("deletionTimestamp")
        and not found.get("finalizers")
        and not found.get("deletionGracePeriodSeconds")
        and not (tree.get("kind") == "Namespace" and (tree.get("spec") or {}).get("finalizers"))
    )


def _same(tree: Tree, old: Tree) -> bool:
    """Equal, but perhaps for the times at which fields were last managed: nothing to write."""
    if tree == old:
        return True
    mine, theirs = dict(tree["metadata"]), dict(old["metadata"])
    managed, before = mine.pop("managedFields", ()), theirs.pop("managedFields", ())
    return (
        mine == theirs
        and tree.keys() == old.keys()
        and all(tree[key] == value for key, value in old.items() if key != "metadata")
        and managedfields.same_but_times(managed, before)
    )
