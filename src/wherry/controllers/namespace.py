"""Namespace controller: empties a namespace that is being deleted, Pods first: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from wherry.api.core.namespace import Namespace, NamespaceCondition
from wherry.api.registry import Resource
from wherry.machinery.conditions import set_condition
from wherry.machinery.meta import Object
from wherry.machinery.schema import edit

FINALIZER = "kubernetes"
DISCOVERY = "NamespaceDeletionDiscoveryFailure"
PARSING = "NamespaceDeletionGroupVersionParsingFailure"
CONTENT_FAILURE = "NamespaceDeletionContentFailure"
REMAINING = "NamespaceContentRemaining"
FINALIZERS = "NamespaceFinalizersRemaining"


class Found(msgspec.Struct, frozen=True):
    """What is still in the namespace, and what could not be looked for or deleted."""

    remaining: Mapping[Resource, Sequence[Object]] = {}
    failures: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any(self.remaining.values()) and not self.failures


def in_order(resources: Iterable[Resource]) -> tuple[list[Resource], list[Resource]]:
    """What a namespace can hold: Pods, and everything else."""
    wanted = [each for each in resources if each.namespaced and "deletecollection" in each.verbs]
    pods = [each for each in wanted if (each.group, each.plural) == ("", "pods")]
    return pods, [each for each in wanted if each not in pods]


def is_to_be_emptied(namespace: Namespace) -> bool:
    return bool(namespace.metadata.deletionTimestamp) and FINALIZER in namespace.spec.finalizers


def with_findings(namespace: Namespace, found: Found, now: datetime) -> Namespace:
    """The namespace with a status that says what holds its deletion up; the same where nothing changes."""
    conditions = namespace.status.conditions
    for condition in _conditions(found):
        present = next((each for each in conditions if each.type == condition.type), None)
        if present is not None and (present.status, present.message) == (condition.status, condition.message):
            continue
        conditions = set_condition(conditions, condition, now)
    status = edit(namespace.status, phase="Terminating", conditions=conditions)
    return namespace if status == namespace.status else edit(namespace, status=status)


def _conditions(found: Found) -> tuple[NamespaceCondition, ...]:
    return (
        _condition(DISCOVERY, "", "ResourcesDiscovered", "All resources successfully discovered"),
        _condition(PARSING, "", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
        _condition(
            CONTENT_FAILURE,
            _failures(found),
            "ContentDeleted" if not found.failures else "ContentDeletionFailed",
            "All content successfully deleted, may be waiting on finalization",
        ),
        _condition(
            REMAINING,
            _remaining(found),
            "SomeResourcesRemain" if any(found.remaining.values()) else "ContentRemoved",
            "All content successfully removed",
        ),
        _condition(
            FINALIZERS,
            _finalizers(found),
            "SomeFinalizersRemain" if _finalizers(found) else "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    )


def _condition(type: str, trouble: str, reason: str, fine: str) -> NamespaceCondition:
    """True means trouble."""
    return NamespaceCondition(
        type=type, status="True" if trouble else "False", reason=reason, message=trouble or fine
    )


def _failures(found: Found) -> str:
    if not found.failures:
        return ""
    return f"Failed to delete all resource types, {len(found.failures)} remaining: " + ", ".join(
        found.failures
    )


def _remaining(found: Found) -> str:
    counts = [
        f"{resource.plural}.{resource.group} has {len(objects)} resource instances"
        for resource, objects in found.remaining.items()
        if objects
    ]
    return "Some resources are remaining: " + ", ".join(sorted(counts)) if counts else ""


def _finalizers(found: Found) -> str:
    numbers: dict[str, int] = {}
    for objects in found.remaining.values():
        for obj in objects:
            for finalizer in obj.metadata.finalizers:
                numbers[finalizer] = numbers.get(finalizer, 0) + 1
    counts = [f"{name} in {number} resource instances" for name, number in sorted(numbers.items())]
    return "Some content in the namespace has finalizers remaining: " + ", ".join(counts) if counts else ""


def finalized(namespace: Namespace) -> Namespace:
    """The namespace without this controller's finalizer."""
    kept = tuple(each for each in namespace.spec.finalizers if each != FINALIZER)
    return edit(namespace, spec=edit(namespace.spec, finalizers=kept))
