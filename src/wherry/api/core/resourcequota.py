"""ResourceQuota: what a namespace may use in total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
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


def _used(quota: ResourceQuota, limits: bool) -> str:
    """`pods: 3/10, requests.cpu: 1/2`: what counts limits stands in a column of its own."""
    return ", ".join(
        f"{name}: {quota.status.used.get(name, '0')}/{quota.status.hard[name]}"
        for name in sorted(quota.status.hard)
        if name.startswith("limits") is limits
    )


@resource(
    "v1",
    "resourcequotas",
    columns=(
        NAME,
        column("Request", lambda quota: _used(quota, limits=False)),
        column("Limit", lambda quota: _used(quota, limits=True)),
        AGE,
    ),
)
class ResourceQuota(Object):
    spec: ResourceQuotaSpec = ResourceQuotaSpec()
    status: ResourceQuotaStatus = ResourceQuotaStatus()
