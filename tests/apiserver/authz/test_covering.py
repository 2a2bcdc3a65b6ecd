"""Which rules go beyond others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.rbac.rule import PolicyRule
from wherry.apiserver.authz import Attributes
from wherry.apiserver.authz.covering import beyond, describe
from wherry.apiserver.authz.rbac import allows


def rule(verbs: str, resources: str = "", names: str = "", groups: tuple[str, ...] = ("",)) -> PolicyRule:
    return PolicyRule(
        verbs=tuple(verbs.split()),
        apiGroups=groups,
        resources=tuple(resources.split()),
        resourceNames=tuple(names.split()),
    )


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (rule("*", "*", groups=("*",)), rule("get delete", "pods secrets", groups=("", "apps"))),
        (rule("get", "pods"), rule("get", "pods", "a b")),
        (rule("get", "pods", "a b"), rule("get", "pods", "a")),
        (rule("get", "*/status"), rule("get", "pods/status")),
        (rule("get", "*"), rule("get", "pods/status")),
    ],
)
def test_more_covers_less(held: PolicyRule, wanted: PolicyRule) -> None:
    assert beyond([wanted], [held]) == []


@pytest.mark.parametrize(
    ("held", "wanted", "missing"),
    [
        (rule("get", "pods"), rule("get list watch", "pods"), rule("list watch", "pods")),
        (rule("get", "pods", "a"), rule("get", "pods"), rule("get", "pods")),
        (rule("get", "pods", "a"), rule("get", "pods", "a b"), rule("get", "pods", "b")),
        (rule("get", "pods"), rule("*", "pods"), rule("*", "pods")),
        (rule("get", "pods"), rule("get", "pods", groups=("apps",)), rule("get", "pods", groups=("apps",))),
        (rule("get", "pods"), rule("get", "pods/log"), rule("get", "pods/log")),
    ],
)
def test_what_is_missing_is_named(held: PolicyRule, wanted: PolicyRule, missing: PolicyRule) -> None:
    assert beyond([wanted], [held]) == [missing]


def test_several_rules_together_cover_one() -> None:
    assert beyond([rule("get list", "pods")], [rule("get", "pods"), rule("list", "*")]) == []


@pytest.mark.parametrize(("held", "good"), [("*", True), ("/a/*", True), ("/a/b", True), ("/b/*", False)])
def test_paths_are_covered_by_paths(held: str, good: bool) -> None:
    wanted = PolicyRule(verbs=("get",), nonResourceURLs=("/a/b",))
    assert (beyond([wanted], [PolicyRule(verbs=("*",), nonResourceURLs=(held,))]) == []) is good


def test_a_rule_is_described_in_one_line() -> None:
    assert describe(rule("get list", "pods", "a")) == (
        '{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["get" "list"]}'
    )


words = st.sampled_from(["get", "list", "*"])
things = st.sampled_from(["pods", "secrets", "pods/log", "*"])
groups = st.sampled_from(["", "apps", "*"])
rules = st.builds(
    lambda verbs, resources, group, names: PolicyRule(
        verbs=tuple(verbs), resources=tuple(resources), apiGroups=(group,), resourceNames=tuple(names)
    ),
    st.lists(words, min_size=1),
    st.lists(things, min_size=1),
    groups,
    st.lists(st.sampled_from("ab")),
)


@given(held=st.lists(rules, max_size=3), wanted=rules)
def test_what_is_covered_allows_nothing_more(held: list[PolicyRule], wanted: PolicyRule) -> None:
    if beyond([wanted], held):
        return
    for verb in ("get", "list"):
        for group in ("", "apps"):
            for resource, sub in (("pods", ""), ("secrets", ""), ("pods", "log")):
                asked = Attributes(verb, group, resource, sub, "default", "a")
                assert not allows(wanted, asked) or any(allows(each, asked) for each in held)
