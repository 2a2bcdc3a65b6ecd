"""NamespaceLifecycle: nothing is made in a namespace that is not there or is going; some can't go."""

from __future__ import annotations

from wherry.api.core.namespace import Namespace
from wherry.api.registry import resource_for
from wherry.apiserver.admission import Review
from wherry.machinery.errors import Cause, Forbidden, not_found
from wherry.machinery.schema import Tree

IMMORTAL = frozenset(("default", "kube-system", "kube-public", "kube-node-lease"))


def interested(review: Review) -> bool:
    call = review.call
    if call.resource.kind == "Namespace" and not call.resource.group:
        return review.operation == "DELETE" and call.name in IMMORTAL
    return review.operation == "CREATE" and call.resource.namespaced


def admit(tree: Tree, review: Review) -> None:
    """First of all: no other plug-in should look for its objects in a namespace that is not there."""
    check(review)


def check(review: Review) -> None:
    call = review.call
    if review.operation == "DELETE":
        raise Forbidden(
            f'namespaces "{call.name}" is forbidden: this namespace may not be deleted',
            details={"name": call.name, "kind": "namespaces"},
        )
    entry = review.hub.cache(resource_for(Namespace)).get(call.namespace)
    if entry is None:
        raise not_found("namespaces", call.namespace)
    # Reviews of access are asked in namespaces that are going, too.
    if call.resource.group == "authorization.k8s.io" or not entry.typed.metadata.deletionTimestamp:
        return
    resource = call.resource
    why = f"unable to create new content in namespace {call.namespace} because it is being terminated"
    raise Forbidden(
        f'{resource.qualified} "{call.name}" is forbidden: {why}',
        [
            Cause(
                "NamespaceTerminating",
                f"namespace {call.namespace} is being terminated",
                "metadata.namespace",
            )
        ],
        details={"name": call.name, "group": resource.group, "kind": resource.plural},
    )
