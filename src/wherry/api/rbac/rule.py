"""Rule: what may be done to what, and who may do it."""

from __future__ import annotations

from typing import Annotated

from wherry.machinery.meta import LabelSelector
from wherry.machinery.schema import Atomic, Part, Tree, atomic

RBAC_GROUP = "rbac.authorization.k8s.io"


class AggregationRule(Part):
    clusterRoleSelectors: Annotated[tuple[LabelSelector, ...], Atomic()] = ()


class PolicyRule(Part):
    apiGroups: Annotated[tuple[str, ...], Atomic()] = ()
    nonResourceURLs: Annotated[tuple[str, ...], Atomic()] = ()
    resourceNames: Annotated[tuple[str, ...], Atomic()] = ()
    resources: Annotated[tuple[str, ...], Atomic()] = ()
    verbs: Annotated[tuple[str, ...], Atomic()] = ()


@atomic
class RoleRef(Part):
    apiGroup: str = RBAC_GROUP
    kind: str = ""
    name: str = ""


@atomic
class Subject(Part):
    apiGroup: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""

    @staticmethod
    def complete(tree: Tree) -> None:
        if not tree.get("apiGroup") and tree.get("kind") in ("User", "Group"):
            tree["apiGroup"] = RBAC_GROUP
