"""masters: members of system:masters may do everything, always; so that a cluster can be repaired."""

from __future__ import annotations

from wherry.apiserver.authz import Attributes, Decision, Rules
from wherry.apiserver.call import User

GROUP = "system:masters"
EVERYTHING = Rules(
    [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}], [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
)
YES = Decision(True)


class Masters:
    def decide(self, user: User, attributes: Attributes) -> Decision | None:
        return YES if GROUP in user.groups else None

    def rules(self, user: User, namespace: str) -> Rules:
        return EVERYTHING if GROUP in user.groups else Rules()
