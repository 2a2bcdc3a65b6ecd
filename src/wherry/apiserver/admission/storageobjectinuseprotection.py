"""StorageObjectInUseProtection: volumes and claims stay while something uses them."""

from __future__ import annotations

from wherry.apiserver.admission import Review
from wherry.machinery.schema import Tree

FINALIZERS = {
    "PersistentVolume": "kubernetes.io/pv-protection",
    "PersistentVolumeClaim": "kubernetes.io/pvc-protection",
}


def interested(review: Review) -> bool:
    call = review.call
    return call.resource.kind in FINALIZERS and review.operation == "CREATE" and not call.resource.group


def admit(tree: Tree, review: Review) -> None:
    finalizers = tree["metadata"].setdefault("finalizers", [])
    finalizer = FINALIZERS[review.call.resource.kind]
    if finalizer not in finalizers:
        finalizers.append(finalizer)
