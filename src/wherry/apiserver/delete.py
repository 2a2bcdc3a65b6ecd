"""Delete: graceful, held up by finalizers, or at once; one object or many.

An object leaves the store when its deletion was asked for and nothing holds it: grace is over, no finalizer
is left. Until then it stays, marked with a deletionTimestamp.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from wherry.apiserver import body
from wherry.apiserver.admission import Review
from wherry.apiserver.call import Call, Outcome
from wherry.apiserver.entry import Entry, stored_form
from wherry.apiserver.hub import store_key, stored_resource
from wherry.apiserver.read import Listing, Reader, selection_of
from wherry.apiserver.write import TRIES, Writer, finished
from wherry.machinery.errors import (
    BadRequest,
    ErrorType,
    FieldError,
    NotFound,
    conflict,
    invalid,
    invalid_object,
    not_found,
)
from wherry.machinery.schema import Tree
from wherry.machinery.times import format_seconds, parse
from wherry.store.interface import Conflict

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"

# Kinds whose deletion answers with the object instead of a Status.
SHOWN_CORE = frozenset(
    (
        "pods",
        "services",
        "serviceaccounts",
        "namespaces",
        "persistentvolumeclaims",
        "persistentvolumes",
        "podtemplates",
        "resourcequotas",
    )
)
SHOWN_GROUPS = frozenset(("storage.k8s.io", "resource.k8s.io"))
# Kinds whose dependents stay unless said otherwise.
ORPHANED = frozenset((("", "replicationcontrollers"),))


@dataclass(frozen=True, slots=True)
class Options:
    """DeleteOptions, from the body or the query."""

    grace: int | None = None
    uid: str = ""
    revision: str = ""
    policy: str = ""  # Foreground, Background, Orphan or ""
    dry_run: bool = False


def options_of(call: Call) -> Options:
    tree: Tree = {}
    if call.body:
        parsed = body.parse(call.body, call.content_type)
        if not isinstance(parsed, dict):
            raise BadRequest("the body of a delete is not a DeleteOptions object")
        if parsed.get("kind") not in (None, "", "DeleteOptions"):
            raise BadRequest(f"the body of a delete must be DeleteOptions, not {parsed.get('kind')}")
        tree = parsed
    params = call.params
    grace = tree.get("gracePeriodSeconds")
    if grace is None and (text := params.get("gracePeriodSeconds", "")):
        if not text.lstrip("-").isdecimal():
            raise BadRequest(f'gracePeriodSeconds: "{text}" is not a number')
        grace = int(text)
    preconditions = tree.get("preconditions") or {}
    orphan = tree.get("orphanDependents")
    if orphan is None and "orphanDependents" in params:
        orphan = call.flag("orphanDependents")
    policy = tree.get("propagationPolicy") or params.get("propagationPolicy", "")
    _check_policy(policy, orphan)
    if orphan is not None:
        policy = "Orphan" if orphan else "Background"
    dry_run = "All" in (tree.get("dryRun") or ()) or call.dry_run
    return Options(
        grace, preconditions.get("uid") or "", preconditions.get("resourceVersion") or "", policy, dry_run
    )


def _check_policy(policy: str, orphan: bool | None) -> None:
    errors = []
    if policy not in ("", "Foreground", "Background", "Orphan"):
        supported = 'supported values: "Foreground", "Background", "Orphan", "nil"'
        errors.append(FieldError("propagationPolicy", supported, policy, ErrorType.NotSupported))
    elif policy and orphan is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(invalid("propagationPolicy", policy, detail))
    if errors:
        raise invalid_object("DeleteOptions", "", errors, "meta.k8s.io")


class Deleter:
    def __init__(self, writer: Writer, reader: Reader) -> None:
        self.writer = writer
        self.reader = reader
        self.hub = writer.hub

    async def delete(self, call: Call, options: Options | None = None) -> Outcome:
        """Delete one object, or begin to. NotFound, Conflict where a precondition does not hold."""
        options = options if options is not None else options_of(call)
        resource = call.resource
        for _ in range(TRIES):
            current = self.writer.find(call)
            if current is None:
                raise not_found(resource.plural, call.name, resource.group)
            self._preconditions(call, current, options)
            review = Review(call, "DELETE", None, current, self.hub, self.writer.clock)
            self.writer.admission.validate(review)
            try:
                return await self._delete(call, current, options)
            except Conflict as lost:
                await self.hub.wait(lost.actual or self.hub.store.revision)
        raise conflict(resource.plural, call.name, resource.group)

    async def _delete(self, call: Call, current: Entry, options: Options) -> Outcome:
        resource = call.resource
        tree = current.tree
        changed = self._mark(call, tree, options)
        if options.dry_run:
            entry = Entry(resource, current.key, stored_form(resource, tree), current.revision)
            return self._answer(call, entry, gone=finished(tree))
        if finished(tree):
            outcome = await self.writer.remove(resource, current.key, tree, current.revision)
            assert outcome.entry is not None
            return self._answer(call, outcome.entry, gone=True)
        if not changed:
            if resource.kind == "Namespace":
                raise conflict(
                    resource.plural,
                    call.name,
                    resource.group,
                    "The system is ensuring all content is removed from this namespace.  "
                    "Upon completion, this namespace will automatically be purged by the system.",
                )
            return self._answer(call, current, gone=False)
        stored = stored_resource(resource)
        kept = dict(tree)
        if stored is not resource and resource.strategy.to_stored is not None:
            resource.strategy.to_stored(kept)
        value = stored_form(stored, kept)
        revision = await self.hub.store.put(store_key(stored, current.key), value, expect=current.revision)
        await self.hub.wait(revision)
        return self._answer(call, Entry(stored, current.key, value, revision).viewed(resource), gone=False)

    def _mark(self, call: Call, tree: Tree, options: Options) -> bool:
        """Note the wish to delete in the metadata. False where it says nothing new."""
        metadata: dict[str, Any] = tree["metadata"]
        now = self.writer.clock.now()
        grace = grace_of(call, tree, options.grace)
        finalizers = self._finalizers(call, metadata, options)
        changed = finalizers != list(metadata.get("finalizers") or ())
        if finalizers:
            metadata["finalizers"] = finalizers
        else:
            metadata.pop("finalizers", None)
        if metadata.get("deletionTimestamp"):
            before = metadata.get("deletionGracePeriodSeconds") or 0
            if grace < before:
                # The clock runs since the first request; a later one may only shorten it.
                asked = parse(metadata["deletionTimestamp"]) - timedelta(seconds=before)
                metadata["deletionTimestamp"] = format_seconds(max(now, asked) + timedelta(seconds=grace))
                metadata["deletionGracePeriodSeconds"] = grace
                changed = True
        else:
            metadata["deletionTimestamp"] = format_seconds(now + timedelta(seconds=grace))
            metadata["deletionGracePeriodSeconds"] = grace
            if metadata.get("generation"):
                metadata["generation"] += 1
            changed = True
        if call.resource.kind == "Namespace" and changed:
            tree.setdefault("status", {})["phase"] = "Terminating"
        return changed

    def _finalizers(self, call: Call, metadata: Tree, options: Options) -> list[str]:
        """The garbage collector's two finalizers follow from the propagation policy."""
        current = list(metadata.get("finalizers") or ())
        policy = options.policy
        if not policy:
            if ORPHAN in current or FOREGROUND in current:
                return current
            orphaned = (call.resource.group, call.resource.plural) in ORPHANED
            policy = "Orphan" if orphaned else "Background"
        kept = [name for name in current if name not in (ORPHAN, FOREGROUND)]
        match policy:
            case "Orphan":
                return [*kept, ORPHAN]
            case "Foreground":
                return [*kept, FOREGROUND]
            case _:
                return kept

    def _preconditions(self, call: Call, current: Entry, options: Options) -> None:
        uid = current.typed.metadata.uid
        why = ""
        if options.uid and options.uid != uid:
            why = f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {uid}"
        elif options.revision and options.revision != str(current.revision):
            why = (
                f"Precondition failed: ResourceVersion in precondition: {options.revision}, "
                f"ResourceVersion in object meta: {current.revision}"
            )
        if why:
            raise conflict(call.resource.plural, call.name, call.resource.group, why)

    def _answer(self, call: Call, entry: Entry, *, gone: bool) -> Outcome:
        resource = call.resource
        shown = (not resource.group and resource.plural in SHOWN_CORE) or resource.group in SHOWN_GROUPS
        if not gone or shown:
            return Outcome(200, entry)
        details = {"name": call.name, "kind": resource.plural, "uid": entry.typed.metadata.uid}
        if resource.group:
            details["group"] = resource.group
        return Outcome(
            200,
            tree={
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Success",
                "details": details,
            },
        )

    async def delete_collection(self, call: Call) -> Listing:
        """Delete every object that the call selects; the list of what was there is the answer."""
        options = options_of(call)
        selection = selection_of(call)
        entries = list(self.hub.cache(call.resource).select(selection))
        deleted = []
        for entry in entries:
            one = Call(
                "delete", call.resource, entry.namespace, entry.name, params=call.params, user=call.user
            )
            try:
                await self.delete(one, options)
            except NotFound:
                continue
            deleted.append(entry.viewed(call.resource))
        return Listing(call.resource, deleted, self.hub.revision)


def grace_of(call: Call, tree: Tree, asked: int | None) -> int:
    """Seconds that an object has left. Only Pods that run somewhere have any."""
    if call.resource.kind != "Pod" or call.resource.group:
        return 0
    spec = tree.get("spec") or {}
    if not spec.get("nodeName") or (tree.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    grace = asked if asked is not None else spec.get("terminationGracePeriodSeconds", 30)
    return 1 if grace < 0 else int(grace)
