"""Affinity validation: where Pods may want to be, and what nodes may hold against them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wherry.api.core.affinity import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PodAffinity,
    PodAffinityTerm,
    PodAntiAffinity,
    Taint,
    Toleration,
    TopologySpreadConstraint,
)
from wherry.machinery.errors import FieldError, duplicate, forbidden, invalid, required
from wherry.machinery.labels import validate_label_selector
from wherry.machinery.names import check_label, check_label_value, check_qualified_name, check_subdomain

WEIGHT = "must be in the range 1-100"
REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)


def validate_affinity(affinity: Affinity, path: str) -> Iterator[FieldError]:
    if affinity.nodeAffinity is not None:
        yield from _validate_node_affinity(affinity.nodeAffinity, f"{path}.nodeAffinity")
    if affinity.podAffinity is not None:
        yield from _validate_pod_affinity(affinity.podAffinity, f"{path}.podAffinity")
    if affinity.podAntiAffinity is not None:
        yield from _validate_pod_affinity(affinity.podAntiAffinity, f"{path}.podAntiAffinity")


def _validate_node_affinity(affinity: NodeAffinity, path: str) -> Iterator[FieldError]:
    selector = affinity.requiredDuringSchedulingIgnoredDuringExecution
    if selector is not None:
        yield from validate_node_selector(selector, f"{path}.{REQUIRED}")
    for index, term in enumerate(affinity.preferredDuringSchedulingIgnoredDuringExecution):
        where = f"{path}.{PREFERRED}[{index}]"
        if not 1 <= term.weight <= 100:
            yield invalid(f"{where}.weight", term.weight, WEIGHT)
        yield from _validate_term(term.preference, f"{where}.preference")


def validate_node_selector(selector: NodeSelector, path: str) -> Iterator[FieldError]:
    if not selector.nodeSelectorTerms:
        yield required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")
    for index, term in enumerate(selector.nodeSelectorTerms):
        yield from _validate_term(term, f"{path}.nodeSelectorTerms[{index}]")


def _validate_term(term: NodeSelectorTerm, path: str) -> Iterator[FieldError]:
    for index, requirement in enumerate(term.matchExpressions):
        yield from _validate_expression(requirement, f"{path}.matchExpressions[{index}]")
    for index, requirement in enumerate(term.matchFields):
        yield from _validate_field(requirement, f"{path}.matchFields[{index}]")


def _validate_expression(requirement: NodeSelectorRequirement, path: str) -> Iterator[FieldError]:
    operator, values = requirement.operator, requirement.values
    if operator in ("In", "NotIn"):
        if not values:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield forbidden(f"{path}.values", detail)
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            yield required(f"{path}.values", detail)
    else:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    for problem in check_qualified_name(requirement.key):
        yield invalid(f"{path}.key", requirement.key, problem)
    for index, value in enumerate(values):
        for problem in check_label_value(value):
            yield invalid(f"{path}.values[{index}]", value, problem)


def _validate_field(requirement: NodeSelectorRequirement, path: str) -> Iterator[FieldError]:
    if requirement.operator not in ("In", "NotIn"):
        yield invalid(f"{path}.operator", requirement.operator, "not a valid selector operator")
    elif len(requirement.values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield required(f"{path}.values", detail)
    if requirement.key != "metadata.name":
        yield invalid(f"{path}.key", requirement.key, "not a valid field selector key")
    for index, value in enumerate(requirement.values):
        for problem in check_subdomain(value):
            yield invalid(f"{path}.values[{index}]", value, problem)


def _validate_pod_affinity(affinity: PodAffinity | PodAntiAffinity, path: str) -> Iterator[FieldError]:
    for index, term in enumerate(affinity.requiredDuringSchedulingIgnoredDuringExecution):
        yield from _validate_pod_term(term, f"{path}.{REQUIRED}[{index}]")
    for index, weighted in enumerate(affinity.preferredDuringSchedulingIgnoredDuringExecution):
        where = f"{path}.{PREFERRED}[{index}]"
        if not 1 <= weighted.weight <= 100:
            yield invalid(f"{where}.weight", weighted.weight, WEIGHT)
        yield from _validate_pod_term(weighted.podAffinityTerm, f"{where}.podAffinityTerm")


def _validate_pod_term(term: PodAffinityTerm, path: str) -> Iterator[FieldError]:
    yield from validate_label_selector(term.labelSelector, f"{path}.labelSelector")
    yield from validate_label_selector(term.namespaceSelector, f"{path}.namespaceSelector")
    for name in term.namespaces:
        for problem in check_label(name):
            yield invalid(f"{path}.namespace", name, problem)
    if not term.topologyKey:
        yield required(f"{path}.topologyKey", "can not be empty")
    for problem in check_qualified_name(term.topologyKey):
        yield invalid(f"{path}.topologyKey", term.topologyKey, problem)
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        keys = getattr(term, field)
        if keys and term.labelSelector is None:
            yield forbidden(f"{path}.{field}", "must not be specified when labelSelector is not set")
        for index, key in enumerate(keys):
            for problem in check_qualified_name(key):
                yield invalid(f"{path}.{field}[{index}]", key, problem)


def validate_tolerations(tolerations: Iterable[Toleration], path: str) -> Iterator[FieldError]:
    for index, toleration in enumerate(tolerations):
        where = f"{path}[{index}]"
        operator = toleration.operator
        if toleration.key:
            for problem in check_qualified_name(toleration.key):
                yield invalid(f"{where}.key", toleration.key, problem)
        elif operator != "Exists":
            detail = (
                'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            )
            yield invalid(f"{where}.operator", operator, detail)
        if toleration.tolerationSeconds is not None and toleration.effect != "NoExecute":
            detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            yield invalid(f"{where}.effect", toleration.effect, detail)
        if operator in ("", "Equal"):
            for problem in check_label_value(toleration.value):
                yield invalid(f"{where}.operator", toleration.value, problem)
        elif operator == "Exists" and toleration.value:
            yield invalid(f"{where}.operator", toleration, "value must be empty when `operator` is 'Exists'")


def validate_taints(taints: Iterable[Taint], path: str) -> Iterator[FieldError]:
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        where = f"{path}[{index}]"
        for problem in check_qualified_name(taint.key):
            yield invalid(f"{where}.key", taint.key, problem)
        for problem in check_label_value(taint.value):
            yield invalid(f"{where}.value", taint.value, problem)
        if not taint.effect:
            yield required(f"{where}.effect")
        if (taint.key, taint.effect) in seen:
            yield duplicate(where, taint)
        seen.add((taint.key, taint.effect))


def validate_spread(constraints: Iterable[TopologySpreadConstraint], path: str) -> Iterator[FieldError]:
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(constraints):
        where = f"{path}[{index}]"
        key, otherwise = constraint.topologyKey, constraint.whenUnsatisfiable
        if constraint.maxSkew <= 0:
            yield invalid(f"{where}.maxSkew", constraint.maxSkew, "must be greater than zero")
        if not key:
            yield required(f"{where}.topologyKey", "can not be empty")
        else:
            for problem in check_qualified_name(key):
                yield invalid(f"{where}.topologyKey", key, problem)
        if not otherwise:
            yield required(f"{where}.whenUnsatisfiable")
        if (key, otherwise) in seen:
            yield duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {otherwise}}}")
        seen.add((key, otherwise))
        if constraint.minDomains is not None:
            if constraint.minDomains <= 0:
                yield invalid(f"{where}.minDomains", constraint.minDomains, "must be greater than zero")
            elif otherwise != "DoNotSchedule":
                detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {otherwise}"
                yield invalid(f"{where}.minDomains", constraint.minDomains, detail)
        yield from validate_label_selector(constraint.labelSelector, f"{where}.labelSelector")
