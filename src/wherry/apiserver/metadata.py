"""Metadata: what the server writes into an object's metadata, keeps there, and checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from wherry.api.registry import Resource
from wherry.apiserver.call import Call
from wherry.machinery import names
from wherry.machinery.clock import Clock
from wherry.machinery.errors import (
    BadRequest,
    ErrorType,
    FieldError,
    conflict,
    forbidden,
    invalid,
    required,
)
from wherry.machinery.schema import Tree
from wherry.machinery.times import format_seconds

LABEL_NAMED = frozenset(("Namespace",))
DNS_1035_NAMED: frozenset[str] = frozenset()
PATH_NAMED = frozenset(("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"))
LABEL_1123_NAMED = frozenset(("Service",))
UNCHECKED_NAMES = frozenset(("Event",))
# Set by the server; what a client sends is replaced by what is stored.
KEPT = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
)
# Empty is as good as absent: neither stored nor shown.
OMITTED_EMPTY = ("labels", "annotations", "finalizers", "ownerReferences")
ANNOTATIONS_BYTES = 256 * 1024
MANAGER_BYTES = 128


def begin(tree: Tree, call: Call, clock: Clock) -> None:
    """Metadata of a new object: namespace, name, uid, creationTimestamp."""
    metadata = tree.setdefault("metadata", {})
    place(metadata, call)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = names.generated_name(metadata["generateName"], clock.suffix())
    call.name = metadata.get("name", "")
    for field in (
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "resourceVersion",
        "generation",
    ):
        metadata.pop(field, None)
    _omit_empty(metadata)
    metadata["uid"] = clock.uuid()
    metadata["creationTimestamp"] = format_seconds(clock.now())


def place(metadata: Tree, call: Call) -> None:
    """The namespace is the URL's; an object that says another one is in the wrong place."""
    if not call.resource.namespaced:
        return
    if metadata.get("namespace") and metadata["namespace"] != call.namespace:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    metadata["namespace"] = call.namespace


def carry_over(tree: Tree, old: Tree, call: Call) -> None:
    """Metadata of a changed object: what only the server sets stays as it is."""
    metadata = tree.setdefault("metadata", {})
    before = old["metadata"]
    place(metadata, call)
    name = metadata.setdefault("name", call.name)
    if name != call.name:
        raise BadRequest(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
    uid = metadata.get("uid")
    if uid and uid != before["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {before['uid']}"
        raise conflict(call.resource.plural, call.name, call.resource.group, why)
    for field in KEPT:
        if field in before:
            metadata[field] = before[field]
        else:
            metadata.pop(field, None)
    _omit_empty(metadata)
    if "managedFields" not in metadata and "managedFields" in before:
        metadata["managedFields"] = before["managedFields"]


def _omit_empty(metadata: Tree) -> None:
    for field in OMITTED_EMPTY:
        if field in metadata and not metadata[field]:
            del metadata[field]


def name_check(resource: Resource) -> Callable[[str], list[str]] | None:
    kind = resource.kind
    if kind in UNCHECKED_NAMES:
        return None
    if kind in LABEL_NAMED or kind in LABEL_1123_NAMED:
        return names.check_label
    return names.check_path_segment if kind in PATH_NAMED else names.check_subdomain


def check(resource: Resource, tree: Tree) -> Iterator[FieldError]:
    """Every metadata field that is not as it must be."""
    metadata: dict[str, Any] = tree["metadata"]
    name = metadata.get("name", "")
    check_name = name_check(resource)
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif check_name is not None:
        for message in check_name(name):
            yield invalid("metadata.name", name, message)
    if not resource.namespaced and metadata.get("namespace"):
        yield forbidden("metadata.namespace", "not allowed on this type")
    for key, value in (metadata.get("labels") or {}).items():
        for message in names.check_qualified_name(key):
            yield invalid("metadata.labels", key, message)
        for message in names.check_label_value(value):
            yield invalid("metadata.labels", value, message)
    yield from _annotations(metadata.get("annotations") or {})
    for finalizer in metadata.get("finalizers") or ():
        for message in names.check_finalizer(finalizer):
            yield invalid("metadata.finalizers", finalizer, message)
    yield from _owners(metadata.get("ownerReferences") or ())


def _annotations(annotations: dict[str, str]) -> Iterator[FieldError]:
    size = 0
    for key, value in annotations.items():
        size += len(key.encode()) + len(value.encode())
        for message in names.check_annotation_key(key):
            yield invalid("metadata.annotations", key, message)
    if size > ANNOTATIONS_BYTES:
        detail = f"may not be more than {ANNOTATIONS_BYTES} bytes"
        yield FieldError("metadata.annotations", detail, type=ErrorType.TooLong)


def _owners(owners: Any) -> Iterator[FieldError]:
    controllers = []
    for index, owner in enumerate(owners):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield required(f"metadata.ownerReferences[{index}].{field}", "must not be empty")
        if owner.get("controller"):
            controllers.append(owner.get("name", ""))
    if len(controllers) > 1:
        detail = (
            "Only one reference can have Controller set to true. "
            f'Found "true" in references for {controllers[0]} and {controllers[1]}'
        )
        yield invalid("metadata.ownerReferences", list(owners), detail)


def check_update(new: Tree, old: Tree) -> Iterator[FieldError]:
    """What must not change between two forms of an object."""
    metadata, before = new["metadata"], old["metadata"]
    if not before.get("deletionTimestamp"):
        return
    added = [f for f in metadata.get("finalizers") or () if f not in (before.get("finalizers") or ())]
    if added:
        shown = ", ".join(f'"{name}"' for name in added)
        yield forbidden(
            "metadata.finalizers",
            "no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{shown}}}",
        )
