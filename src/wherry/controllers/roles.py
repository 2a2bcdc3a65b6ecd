"""Roles: what a controller must be allowed to do, as follows from what it says about itself."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api.rbac.rule import PolicyRule
from wherry.api.registry import resource_for
from wherry.controllers.contract import Controller

READ = ("get", "list", "watch")
EVENTS = PolicyRule(
    apiGroups=("", "events.k8s.io"), resources=("events",), verbs=("create", "patch", "update")
)


def role_name(controller: Controller) -> str:
    return f"system:controller:{controller.account}"


def rules(controllers: Iterable[Controller]) -> tuple[PolicyRule, ...]:
    """The rules for controllers that act under one account: read what is seen, write what is said."""
    verbs: dict[tuple[str, str], set[str]] = {}
    for controller in controllers:
        for kind in controller.kinds:
            resource = resource_for(kind)
            verbs.setdefault((resource.group, resource.plural), set()).update(READ)
        for name, allowed in controller.writes.items():
            plural, _, rest = name.partition(".")
            group, _, subresource = rest.partition("/") if rest else ("", "", "")
            if not rest:
                plural, _, subresource = plural.partition("/")
            target = f"{plural}/{subresource}" if subresource else plural
            verbs.setdefault((group, target), set()).update(allowed)
    made = (
        PolicyRule(apiGroups=(group,), resources=(plural,), verbs=tuple(sorted(allowed)))
        for (group, plural), allowed in sorted(verbs.items())
    )
    return (*made, EVENTS)
