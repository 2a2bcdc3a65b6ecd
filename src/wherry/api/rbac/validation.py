"""RBAC validation: what rules, roles and bindings may say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from wherry.api.rbac.rule import RBAC_GROUP, PolicyRule, RoleRef, Subject
from wherry.machinery.errors import FieldError, invalid, not_supported, required
from wherry.machinery.names import check_path_segment, check_subdomain


def validate_rules(rules: Iterable[PolicyRule], *, namespaced: bool) -> Iterator[FieldError]:
    for index, rule in enumerate(rules):
        yield from _validate_rule(rule, f"rules[{index}]", namespaced)


def _validate_rule(rule: PolicyRule, path: str, namespaced: bool) -> Iterator[FieldError]:
    if not rule.verbs:
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    if rule.nonResourceURLs:
        if namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            yield invalid(f"{path}.nonResourceURLs", rule.nonResourceURLs, detail)
        if rule.apiGroups or rule.resources or rule.resourceNames:
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid(f"{path}.nonResourceURLs", rule.nonResourceURLs, detail)
        return
    if not rule.apiGroups:
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.resources:
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


def validate_binding(new: Any, old: Any, kinds: tuple[str, ...], *, namespaced: bool) -> Iterator[FieldError]:
    """kinds: of the roles that may be bound."""
    yield from _validate_role(new.roleRef, kinds)
    for index, subject in enumerate(new.subjects):
        yield from _validate_subject(subject, f"subjects[{index}]", namespaced)
    if old is not None and new.roleRef != old.roleRef:
        yield invalid("roleRef", new.roleRef, "cannot change roleRef")


def _validate_role(role: RoleRef, kinds: tuple[str, ...]) -> Iterator[FieldError]:
    if role.apiGroup != RBAC_GROUP:
        yield not_supported("roleRef.apiGroup", role.apiGroup, (RBAC_GROUP,))
    if role.kind not in kinds:
        yield not_supported("roleRef.kind", role.kind, kinds)
    if not role.name:
        yield required("roleRef.name")
    else:
        for problem in check_path_segment(role.name):
            yield invalid("roleRef.name", role.name, problem)


def _validate_subject(subject: Subject, path: str, namespaced: bool) -> Iterator[FieldError]:
    if not subject.name:
        yield required(f"{path}.name")
    match subject.kind:
        case "ServiceAccount":
            for problem in check_subdomain(subject.name) if subject.name else ():
                yield invalid(f"{path}.name", subject.name, problem)
            if subject.apiGroup:
                yield not_supported(f"{path}.apiGroup", subject.apiGroup, ("",))
            if not subject.namespace and not namespaced:
                yield required(f"{path}.namespace")
        case "User" | "Group":
            if subject.apiGroup != RBAC_GROUP:
                yield not_supported(f"{path}.apiGroup", subject.apiGroup, (RBAC_GROUP,))
        case _:
            yield not_supported(f"{path}.kind", subject.kind, ("ServiceAccount", "User", "Group"))
