"""ResourceQuota: what a namespace may use in total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Part, Quantity, atomic


class ScopedResourceSelectorRequirement(Part):
    operator: str = ""
    scopeName: str = ""
    values: Annotated[tuple[str, ...], Atomic()] = ()


@atomic
class ScopeSelector(Part):
    matchExpressions: Annotated[tuple[ScopedResourceSelectorRequirement, ...], Atomic()] = ()


class ResourceQuotaSpec(Part):
    hard: Mapping[str, Quantity] = {}
    scopeSelector: ScopeSelector | None = None
    scopes: Annotated[tuple[str, ...], Atomic()] = ()


class ResourceQuotaStatus(Part):
    hard: Mapping[str, Quantity] = {}
    used: Mapping[str, Quantity] = {}


@resource("v1", "resourcequotas")
class ResourceQuota(Object):
    spec: ResourceQuotaSpec = ResourceQuotaSpec()
    status: ResourceQuotaStatus = ResourceQuotaStatus()
