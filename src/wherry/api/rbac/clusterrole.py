"""ClusterRole: rights, everywhere or for use in any namespace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.rbac.rule import AggregationRule, PolicyRule
from wherry.api.rbac.validation import validate_rules
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError, required
from wherry.machinery.labels import validate_label_selector
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic


def validate(new: ClusterRole, old: ClusterRole | None) -> Iterator[FieldError]:
    yield from validate_rules(new.rules, namespaced=False)
    if new.aggregationRule is None:
        return
    path = "aggregationRule.clusterRoleSelectors"
    if not new.aggregationRule.clusterRoleSelectors:
        yield required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")
    for index, selector in enumerate(new.aggregationRule.clusterRoleSelectors):
        yield from validate_label_selector(selector, f"{path}[{index}]")


@resource("rbac.authorization.k8s.io/v1", "clusterroles", validate=validate, create_on_update=True)
class ClusterRole(Object):
    aggregationRule: AggregationRule | None = None
    rules: Annotated[tuple[PolicyRule, ...], Atomic()] = ()
