"""Resource validation: which amounts of which resources may be asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wherry.api.core.container import ResourceRequirements
from wherry.api.rules import NOT_NEGATIVE
from wherry.machinery import quantity
from wherry.machinery.errors import FieldError, forbidden, invalid, required
from wherry.machinery.names import check_qualified_name

CONTAINER_RESOURCES = frozenset(("cpu", "memory", "ephemeral-storage"))
STANDARD_RESOURCES = CONTAINER_RESOURCES | {
    "storage",
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
    *(
        f"{kind}.{name}"
        for kind in ("requests", "limits")
        for name in ("cpu", "memory", "ephemeral-storage", "storage")
        if (kind, name) != ("limits", "storage")
    ),
}
HUGEPAGES = "hugepages-"
_HUGEPAGES_KEYS = ("hugepages-", "requests.hugepages-")


def is_extended(name: str) -> bool:
    """Counted devices of other people's: `example.com/gpu`."""
    return "/" in name and "kubernetes.io/" not in name and not name.startswith("requests.")


def check_resource_name(name: str) -> list[str]:
    if name in STANDARD_RESOURCES:
        return []
    errors = check_qualified_name(name)
    if not errors and "/" not in name and not name.startswith(_HUGEPAGES_KEYS):
        errors = ["must be a standard resource type or fully qualified"]
    return errors


def check_amount(name: str, text: str) -> list[str]:
    """An amount that is not less than nothing, whole where it counts things."""
    amount = quantity.parse(text)
    if amount.nanos < 0:
        return [NOT_NEGATIVE]
    if (is_extended(name) or name.startswith(HUGEPAGES)) and amount.milli % 1000:
        return ["must be an integer"]
    return []


def validate_amounts(amounts: Mapping[str, str], path: str) -> Iterator[FieldError]:
    """Of containers: what they may use, or ask for."""
    for name, text in amounts.items():
        if name not in CONTAINER_RESOURCES:
            for problem in check_resource_name(name):
                yield invalid(f"{path}[{name}]", name, problem)
            if "/" not in name and not name.startswith(HUGEPAGES):
                yield invalid(f"{path}[{name}]", name, "must be a standard resource for containers")
        for problem in check_amount(name, text):
            yield invalid(f"{path}[{name}]", text, problem)


def validate_requirements(resources: ResourceRequirements, path: str) -> Iterator[FieldError]:
    limits, requests = resources.limits, resources.requests
    if not limits and not requests:
        return
    yield from validate_amounts(limits, f"{path}.limits")
    yield from validate_amounts(requests, f"{path}.requests")
    for name, text in requests.items():
        fixed = is_extended(name) or name.startswith(HUGEPAGES)
        limit = limits.get(name)
        if limit is None:
            if fixed:
                yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
            continue
        if text is limit or text == limit:
            continue
        wanted, allowed = quantity.parse(text), quantity.parse(limit)
        if fixed and wanted != allowed:
            yield invalid(f"{path}.requests", text, f"must be equal to {name} limit of {limit}")
        elif wanted > allowed:
            yield invalid(f"{path}.requests", text, f"must be less than or equal to {name} limit of {limit}")
    asked = {*limits, *requests}
    if any(name.startswith(HUGEPAGES) for name in asked) and not asked & {"cpu", "memory"}:
        yield forbidden(path, "HugePages require cpu or memory")
