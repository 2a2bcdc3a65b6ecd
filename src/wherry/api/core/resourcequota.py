"""ResourceQuota: what a namespace may use in total."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.core.resourcevalidation import check_amount, check_resource_name
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.errors import FieldError, invalid
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


SCOPES = (
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
)


def validate(new: ResourceQuota, old: ResourceQuota | None) -> Iterator[FieldError]:
    for name, text in new.spec.hard.items():
        if (
            not name.startswith(("count/", "requests.", "limits."))
            and ".storageclass.storage.k8s.io/" not in name
        ):
            for problem in check_resource_name(name):
                yield invalid(f"spec.hard[{name}]", name, problem)
        for problem in check_amount(name, text):
            yield invalid(f"spec.hard[{name}]", text, problem)
    scopes = set(new.spec.scopes)
    for scope in new.spec.scopes:
        if scope not in SCOPES:
            yield invalid("spec.scopes", new.spec.scopes, "unsupported scope")
    for one, other in (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")):
        if {one, other} <= scopes:
            yield invalid("spec.scopes", new.spec.scopes, "conflicting scopes")
    if old is not None:
        yield from immutable("spec.scopes", new.spec.scopes, old.spec.scopes)


@resource(
    "v1",
    "resourcequotas",
    validate=validate,
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
