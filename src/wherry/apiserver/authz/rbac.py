"""RBAC: roles say what may be done, bindings say by whom.

Bindings are looked up by subject: the cost of a decision grows with the rights of the one who asks, not
with the bindings that exist. The index is rebuilt when a role or binding has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from wherry.api.rbac.clusterrole import ClusterRole
from wherry.api.rbac.clusterrolebinding import ClusterRoleBinding
from wherry.api.rbac.role import Role
from wherry.api.rbac.rolebinding import RoleBinding
from wherry.api.rbac.rule import PolicyRule
from wherry.api.registry import resource_for
from wherry.apiserver.authz import Attributes, Decision, Rules
from wherry.apiserver.call import User
from wherry.apiserver.hub import Hub

ACCOUNT = "system:serviceaccount:"


class Grant(NamedTuple):
    """A binding as one of its subjects sees it."""

    namespace: str  # "" for a ClusterRoleBinding
    binding: str
    role_kind: str
    role: str
    subject: str  # as the reason names it


class Rbac:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._cluster_bindings = hub.cache(resource_for(ClusterRoleBinding))
        self._bindings = hub.cache(resource_for(RoleBinding))
        self._cluster_roles = hub.cache(resource_for(ClusterRole))
        self._roles = hub.cache(resource_for(Role))
        self._index: dict[tuple[str, str], list[Grant]] = {}
        self._built = (-1, -1)

    def decide(self, user: User, attributes: Attributes) -> Decision | None:
        for grant, rule in self._rules(user, attributes.namespace):
            if allows(rule, attributes):
                return Decision(True, _reason(grant))
        return None

    def rules(self, user: User, namespace: str) -> Rules:
        found = Rules()
        for _, rule in self._rules(user, namespace):
            if rule.nonResourceURLs:
                found.path.append({"verbs": list(rule.verbs), "nonResourceURLs": list(rule.nonResourceURLs)})
            else:
                tree: dict[str, Any] = {
                    "verbs": list(rule.verbs),
                    "apiGroups": list(rule.apiGroups),
                    "resources": list(rule.resources),
                }
                if rule.resourceNames:
                    tree["resourceNames"] = list(rule.resourceNames)
                found.resource.append(tree)
        return found

    def held(self, user: User, namespace: str) -> list[PolicyRule]:
        """All that a user may do in a namespace, or in the whole cluster ("")."""
        return [rule for _, rule in self._rules(user, namespace)]

    def rules_of_role(self, kind: str, namespace: str, name: str) -> tuple[PolicyRule, ...] | None:
        """None where there is no such role."""
        cache, key = (
            (self._cluster_roles, name) if kind == "ClusterRole" else (self._roles, f"{namespace}/{name}")
        )
        entry = cache.get(key)
        return None if entry is None else entry.typed.rules

    def _rules(self, user: User, namespace: str) -> Iterator[tuple[Grant, PolicyRule]]:
        index = self._fresh()
        subjects = [("User", user.name), *(("Group", group) for group in user.groups)]
        for subject in subjects:
            for grant in index.get(subject, ()):
                if grant.namespace in ("", namespace):
                    yield from ((grant, rule) for rule in self._role(grant))

    def _role(self, grant: Grant) -> tuple[PolicyRule, ...]:
        return self.rules_of_role(grant.role_kind, grant.namespace, grant.role) or ()

    def _fresh(self) -> dict[tuple[str, str], list[Grant]]:
        built = (self._cluster_bindings.changes, self._bindings.changes)
        if built != self._built:
            self._index = {}
            for cache in (self._cluster_bindings, self._bindings):
                for entry in cache.entries.values():
                    self._add(entry.typed)
            self._built = built
        return self._index

    def _add(self, binding: ClusterRoleBinding | RoleBinding) -> None:
        metadata, role = binding.metadata, binding.roleRef
        for subject in binding.subjects:
            kind, name = subject.kind, subject.name
            if kind == "ServiceAccount":
                kind, name = "User", f"{ACCOUNT}{subject.namespace or metadata.namespace}:{name}"
                shown = f'ServiceAccount "{subject.name}/{subject.namespace or metadata.namespace}"'
            else:
                shown = f'{kind} "{name}"'
            grant = Grant(metadata.namespace, metadata.name, role.kind, role.name, shown)
            self._index.setdefault((kind, name), []).append(grant)


def _reason(grant: Grant) -> str:
    kind = "RoleBinding" if grant.namespace else "ClusterRoleBinding"
    name = f"{grant.binding}/{grant.namespace}" if grant.namespace else grant.binding
    return f'RBAC: allowed by {kind} "{name}" of {grant.role_kind} "{grant.role}" to {grant.subject}'


def allows(rule: PolicyRule, attributes: Attributes) -> bool:
    """Whether a rule covers what is asked."""
    if attributes.verb not in rule.verbs and "*" not in rule.verbs:
        return False
    if attributes.path:
        return any(_path_matches(pattern, attributes.path) for pattern in rule.nonResourceURLs)
    if attributes.group not in rule.apiGroups and "*" not in rule.apiGroups:
        return False
    if rule.resourceNames and attributes.name not in rule.resourceNames:
        return False
    wanted = attributes.resource
    if attributes.subresource:
        wanted = f"{wanted}/{attributes.subresource}"
        if f"*/{attributes.subresource}" in rule.resources:
            return True
    return wanted in rule.resources or "*" in rule.resources


def _path_matches(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern[:-1]))
