"""Rule: what may be done to what, and who may do it."""

from __future__ import annotations

from typing import Annotated

from wherry.machinery.meta import LabelSelector
from wherry.machinery.schema import Atomic, Part, atomic


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
    apiGroup: str = "rbac.authorization.k8s.io"
    kind: str = ""
    name: str = ""


@atomic
class Subject(Part):
    apiGroup: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
