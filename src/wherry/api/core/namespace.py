"""Namespace: a scope for names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError, invalid
from wherry.machinery.meta import Object
from wherry.machinery.names import check_finalizer
from wherry.machinery.schema import Atomic, ListMap, Merge, Part, Time, Tree


class NamespaceCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class NamespaceSpec(Part):
    finalizers: Annotated[tuple[str, ...], Atomic()] = ()


class NamespaceStatus(Part):
    conditions: Annotated[tuple[NamespaceCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
    phase: str = "Active"


FINALIZER = "kubernetes"
NAME_LABEL = "kubernetes.io/metadata.name"


def prepare(tree: Tree, old: Tree | None) -> None:
    """The namespace controller clears a namespace before it goes; nobody but it may say that it did."""
    spec = tree.setdefault("spec", {})
    if old is not None:
        spec["finalizers"] = (old.get("spec") or {}).get("finalizers") or []
        return
    finalizers = spec.setdefault("finalizers", [])
    if FINALIZER not in finalizers:
        finalizers.append(FINALIZER)
    tree["status"] = {"phase": "Active"}
    label(tree)


def label(tree: Tree) -> None:
    """Every namespace carries its name as a label."""
    metadata = tree.get("metadata") or {}
    if metadata.get("name"):
        labels = dict(metadata.get("labels") or {})
        labels[NAME_LABEL] = metadata["name"]
        metadata["labels"] = labels


def validate(new: Namespace, old: Namespace | None) -> Iterator[FieldError]:
    for index, finalizer in enumerate(new.spec.finalizers):
        for problem in check_finalizer(finalizer):
            yield invalid(f"spec.finalizers[{index}]", finalizer, problem)


@resource(
    "v1",
    "namespaces",
    validate=validate,
    prepare=prepare,
    selectable={"status.phase": lambda namespace: namespace.status.phase},
    columns=(NAME, column("Status", lambda namespace: namespace.status.phase), AGE),
)
class Namespace(Object):
    spec: NamespaceSpec = NamespaceSpec()
    status: NamespaceStatus = NamespaceStatus()

    complete = staticmethod(label)
