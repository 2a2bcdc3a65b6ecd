"""Patch: four ways to say how an object is to change, all ending in the same update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wherry.apiserver import body
from wherry.apiserver.call import Call, Outcome
from wherry.apiserver.entry import Entry
from wherry.apiserver.ownership import manager_of
from wherry.apiserver.write import Writer
from wherry.machinery import fieldset, managedfields, patch_json, patch_merge, patch_strategic
from wherry.machinery.errors import (
    BadRequest,
    UnsupportedMediaType,
    forbidden,
    invalid_object,
    not_found,
    required,
)
from wherry.machinery.schema import Shape, Tree

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
ACCEPTED = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


def patched(tree: Tree, call: Call, shape: Shape | None) -> Tree:
    """`tree` changed by a patch in the call's body; the tree itself may be changed too."""
    kind = body.media_type(call.content_type)
    patch: Any = body.parse(call.body, "application/json")
    match kind:
        case "application/json-patch+json":
            changed: Tree = patch_json.apply(tree, patch)
            return changed
        case "application/merge-patch+json":
            if not isinstance(patch, dict):
                raise BadRequest("a merge patch is a JSON object: send one")
            merged: Tree = patch_merge.apply(tree, patch)
            return merged
        case "application/strategic-merge-patch+json" if shape is not None:
            return patch_strategic.apply(tree, patch, shape)
    raise unsupported(call)


def unsupported(call: Call) -> UnsupportedMediaType:
    return UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(ACCEPTED)
    )


class Patcher:
    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    async def patch(self, call: Call) -> Outcome:
        kind = body.media_type(call.content_type)
        if kind not in ACCEPTED:
            raise unsupported(call)
        check_options(call, apply=kind == APPLY_PATCH)
        if kind == APPLY_PATCH:
            return await self.apply(call)
        return await self.writer.change(call, self._maker(call))

    def _maker(self, call: Call) -> Callable[[Entry], Tree]:
        def make(current: Entry) -> Tree:
            tree = patched(current.tree, call, call.resource.shape)
            body.check_kind(tree, call.resource)
            body.completed(tree, call.resource, call)
            return tree

        return make

    async def apply(self, call: Call) -> Outcome:
        """Server-side apply: the body says what its manager wants; fields of others stay as they are."""
        first = _applied(call)
        _check_applied(first, call)
        if self.writer.find(call) is None:
            if call.subresource:
                raise not_found(call.resource.plural, call.name, call.resource.group)
            return await self.writer.store_new(call, self._merged(None, first, call), applied=True)
        return await self.writer.change(
            call, lambda current: self._merged(current.tree, _applied(call), call), applied=True
        )

    def _merged(self, live: Tree | None, applied: Tree, call: Call) -> Tree:
        now = self.writer.clock.now()
        tree, entries = managedfields.apply(
            live,
            applied,
            call.resource.shape,
            manager_of(call),
            now,
            force=call.flag("force"),
            reset=reset_of(call),
        )
        body.completed(tree, call.resource, call)
        tree.setdefault("metadata", {})["managedFields"] = entries
        return tree


def _applied(call: Call) -> Tree:
    """What the body says; read anew for each attempt, since completing changes trees in place."""
    tree = body.parse(call.body, "application/json" if call.body[:1] == b"{" else "application/yaml")
    if not isinstance(tree, dict):
        raise BadRequest("the body of an apply is not an object: send one with apiVersion, kind and metadata")
    return tree


def reset_of(call: Call) -> fieldset.FieldSet:
    """Fields that a request on this path cannot set, and so cannot come to own."""
    if call.subresource == "status":
        return fieldset.of_fields("spec")
    if call.resource.subresource("status") is not None:
        return fieldset.of_fields("status")
    return fieldset.EMPTY


def _check_applied(applied: Tree, call: Call) -> None:
    if not applied.get("apiVersion") or not applied.get("kind"):
        raise BadRequest("invalid object type: an applied object states its apiVersion and kind")
    body.check_kind(applied, call.resource)
    metadata = applied.get("metadata") or {}
    if metadata.get("managedFields"):
        raise BadRequest("metadata.managedFields must be nil")
    if metadata.get("name", call.name) != call.name:
        raise BadRequest(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({call.name})"
        )


def check_options(call: Call, *, apply: bool) -> None:
    errors = []
    if apply and not call.params.get("fieldManager"):
        errors.append(required("fieldManager", "is required for apply patch"))
    if not apply and "force" in call.params:
        errors.append(forbidden("force", "may not be specified for non-apply patch"))
    if errors:
        raise invalid_object("PatchOptions", "", errors, "meta.k8s.io")
