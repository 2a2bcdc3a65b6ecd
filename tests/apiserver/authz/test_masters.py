"""Members of system:masters may do everything."""

from __future__ import annotations

from wherry.apiserver.authz import Attributes
from wherry.apiserver.authz.masters import GROUP, Masters
from wherry.apiserver.call import User


def test_masters_may_and_of_others_nothing_is_said() -> None:
    asked = Attributes("delete", "", "nodes", name="n1")
    decision = Masters().decide(User("root", (GROUP,)), asked)
    assert decision is not None
    assert decision.allowed
    assert Masters().decide(User("jane", ("masters",)), asked) is None


def test_their_rules_are_everything() -> None:
    rules = Masters().rules(User("root", (GROUP,)), "default")
    assert rules.resource == [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    assert not Masters().rules(User("jane"), "default").resource
