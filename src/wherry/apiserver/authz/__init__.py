"""authz: may this user do this? The first authorizer with an opinion decides; no opinion means no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wherry.apiserver.call import User


@dataclass(frozen=True, slots=True)
class Attributes:
    """What somebody wants to do: a verb on a resource, or on a path that is no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    allowed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a user may do, as SelfSubjectRulesReview shows it."""

    resource: list[dict[str, Any]] = field(default_factory=list)
    path: list[dict[str, Any]] = field(default_factory=list)


class Authorizer(Protocol):
    def decide(self, user: User, attributes: Attributes) -> Decision | None:
        """Yes or no with a reason; None where this authorizer has no opinion."""
        ...

    def rules(self, user: User, namespace: str) -> Rules: ...


NO = Decision(False)


class Authorizers:
    """Authorizers in order."""

    def __init__(self, order: Sequence[Authorizer]) -> None:
        self.order = tuple(order)

    def decide(self, user: User, attributes: Attributes) -> Decision:
        for authorizer in self.order:
            decision = authorizer.decide(user, attributes)
            if decision is not None:
                return decision
        return NO

    def rules(self, user: User, namespace: str) -> dict[str, Any]:
        found = [authorizer.rules(user, namespace) for authorizer in self.order]
        return {
            "resourceRules": [rule for each in found for rule in each.resource],
            "nonResourceRules": [rule for each in found for rule in each.path],
            "incomplete": False,
        }
