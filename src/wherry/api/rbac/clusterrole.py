"""ClusterRole: rights, everywhere or for use in any namespace."""

from __future__ import annotations

from typing import Annotated

from wherry.api.rbac.rule import AggregationRule, PolicyRule
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic


@resource("rbac.authorization.k8s.io/v1", "clusterroles", create_on_update=True)
class ClusterRole(Object):
    aggregationRule: AggregationRule | None = None
    rules: Annotated[tuple[PolicyRule, ...], Atomic()] = ()
