"""Granting: roles and bindings give away only what their author holds, may escalate to, or may bind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from json import dumps
from typing import Any

import msgspec

from wherry.api.rbac.rule import RBAC_GROUP, PolicyRule, RoleRef
from wherry.apiserver.authz import Attributes, Authorizers
from wherry.apiserver.authz.covering import beyond, describe
from wherry.apiserver.authz.masters import GROUP as MASTERS
from wherry.apiserver.authz.rbac import Rbac
from wherry.apiserver.call import Call, User
from wherry.apiserver.write import Hooks
from wherry.machinery.errors import Forbidden, not_found
from wherry.machinery.schema import Tree

ROLES = frozenset(("roles", "clusterroles"))
BINDINGS = frozenset(("rolebindings", "clusterrolebindings"))
EVERYTHING = (
    PolicyRule(apiGroups=("*",), resources=("*",), verbs=("*",)),
    PolicyRule(nonResourceURLs=("*",), verbs=("*",)),
)


class Granting(Hooks):
    """Asks before RBAC's own objects are written; leaves the rest to the hooks behind it."""

    def __init__(self, behind: Hooks, rbac: Rbac, authorizer: Authorizers) -> None:
        self.behind = behind
        self.rbac = rbac
        self.authorizer = authorizer

    def before_create(self, call: Call, tree: Tree) -> Callable[[], None]:
        self._check(call, tree, {})
        return self.behind.before_create(call, tree)

    def before_update(self, call: Call, tree: Tree, old: Tree) -> Callable[[], None]:
        self._check(call, tree, old)
        return self.behind.before_update(call, tree, old)

    def after_update(self, call: Call, tree: Tree, old: Tree) -> None:
        self.behind.after_update(call, tree, old)

    def after_delete(self, resource: Any, tree: Tree) -> None:
        self.behind.after_delete(resource, tree)

    def _check(self, call: Call, tree: Tree, old: Tree) -> None:
        if call.resource.group != RBAC_GROUP or MASTERS in call.user.groups:
            return
        plural = call.resource.plural
        if plural in ROLES and _differs(tree, old, "rules", "aggregationRule"):
            if not self._may(call.user, "escalate", plural, call.namespace, call.name):
                self._hold(call, _granted(tree))
        elif plural in BINDINGS and _differs(tree, old, "roleRef", "subjects"):
            role = msgspec.convert(tree.get("roleRef") or {}, RoleRef)
            where = "" if role.kind == "ClusterRole" else call.namespace
            kind = "clusterroles" if role.kind == "ClusterRole" else "roles"
            # A ClusterRole may be bound by who may bind it in the binding's namespace.
            if not self._may(call.user, "bind", kind, call.namespace, role.name):
                rules = self.rbac.rules_of_role(role.kind, where, role.name)
                if rules is None:
                    raise not_found(kind, role.name, RBAC_GROUP)
                self._hold(call, rules)

    def _may(self, user: User, verb: str, plural: str, namespace: str, name: str) -> bool:
        asked = Attributes(verb, RBAC_GROUP, plural, "", namespace, name)
        return self.authorizer.decide(user, asked).allowed

    def _hold(self, call: Call, wanted: Sequence[PolicyRule]) -> None:
        missing = beyond(wanted, self.rbac.held(call.user, call.namespace))
        if not missing:
            return
        groups = " ".join(dumps(group) for group in call.user.groups)
        resource = call.resource
        raise Forbidden(
            f'{resource.plural}.{resource.group} "{call.name}" is forbidden: user "{call.user.name}" '
            f"(groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n"
            + "\n".join(map(describe, missing)),
            details={"name": call.name, "group": resource.group, "kind": resource.plural},
        )


def _differs(tree: Tree, old: Tree, *fields: str) -> bool:
    return any(tree.get(field) != old.get(field) for field in fields)


def _granted(tree: Tree) -> Sequence[PolicyRule]:
    """A role that collects the rules of others may come to mean anything."""
    if tree.get("aggregationRule"):
        return EVERYTHING
    return msgspec.convert(tree.get("rules") or [], tuple[PolicyRule, ...])
