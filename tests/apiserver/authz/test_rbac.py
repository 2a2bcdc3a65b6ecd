"""Roles say what may be done, bindings say by whom."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.conftest import Driver

from wherry.api.rbac.rule import PolicyRule
from wherry.apiserver.authz import Attributes
from wherry.apiserver.authz.rbac import allows
from wherry.apiserver.call import User

READ_PODS = [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}]


class Bench:
    def __init__(self, api: Driver) -> None:
        self.api = api

    async def bind(self, subject: dict[str, str], *, cluster: bool, role_kind: str = "ClusterRole") -> None:
        kind = "clusterrolebindings" if cluster else "rolebindings"
        body = {
            "metadata": {"name": "b"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": "reader"},
            "subjects": [subject],
        }
        await self.api.create(kind, body)

    def may(self, user: User, namespace: str = "default", verb: str = "get") -> bool:
        asked = Attributes(verb, "", "pods", "", namespace, "p")
        return self.api.api.authorizer.decide(user, asked).allowed

    def why(self, user: User) -> str:
        return self.api.api.authorizer.decide(user, Attributes("get", "", "pods", "", "default", "p")).reason


@pytest.fixture
async def bench(api: Driver) -> Bench:
    await api.create("clusterroles", {"metadata": {"name": "reader"}, "rules": READ_PODS})
    return Bench(api)


JANE = User("jane", ("dev",))
ROBOT = User("system:serviceaccount:default:robot", ("system:serviceaccounts",))


@pytest.mark.parametrize(
    ("subject", "user"),
    [
        ({"kind": "User", "name": "jane"}, JANE),
        ({"kind": "Group", "name": "dev"}, JANE),
        ({"kind": "ServiceAccount", "name": "robot", "namespace": "default"}, ROBOT),
        ({"kind": "Group", "name": "system:serviceaccounts"}, ROBOT),
    ],
)
async def test_a_cluster_binding_grants_everywhere(bench: Bench, subject: Any, user: User) -> None:
    assert not bench.may(user)
    await bench.bind(subject, cluster=True)
    assert bench.may(user)
    assert bench.may(user, "kube-system")
    assert not bench.may(user, verb="delete")
    assert not bench.may(User("somebody"))


async def test_a_binding_grants_in_its_namespace(bench: Bench) -> None:
    await bench.bind({"kind": "User", "name": "jane"}, cluster=False)
    assert bench.may(JANE)
    assert not bench.may(JANE, "kube-system")
    assert bench.why(JANE) == (
        'RBAC: allowed by RoleBinding "b/default" of ClusterRole "reader" to User "jane"'
    )


async def test_a_binding_may_name_a_role_of_its_namespace(bench: Bench) -> None:
    await bench.bind({"kind": "User", "name": "jane"}, cluster=False, role_kind="Role")
    assert not bench.may(JANE), "a role that is not there grants nothing"
    await bench.api.create("roles", {"metadata": {"name": "reader"}, "rules": READ_PODS})
    assert bench.may(JANE)


async def test_what_is_taken_back_is_taken_back_at_once(bench: Bench) -> None:
    await bench.bind({"kind": "User", "name": "jane"}, cluster=True)
    assert bench.may(JANE)
    await bench.api.patch("clusterroles", "reader", {"rules": []})
    assert not bench.may(JANE)
    await bench.api.patch("clusterroles", "reader", {"rules": READ_PODS})
    assert bench.may(JANE)
    await bench.api.delete("clusterrolebindings", "b")
    assert not bench.may(JANE)


async def test_masters_may_do_everything_whatever_the_roles_say(bench: Bench) -> None:
    assert bench.may(User("root", ("system:masters",)), verb="deletecollection")


def rule(**fields: Any) -> PolicyRule:
    whole = {"verbs": ("get",), "apiGroups": ("",), "resources": ("pods",), **fields}
    return PolicyRule(**whole)


@pytest.mark.parametrize(
    ("found", "asked", "allowed"),
    [
        (rule(), Attributes("get", "", "pods"), True),
        (rule(), Attributes("list", "", "pods"), False),
        (rule(), Attributes("get", "apps", "pods"), False),
        (rule(), Attributes("get", "", "nodes"), False),
        (rule(verbs=("*",)), Attributes("list", "", "pods"), True),
        (rule(apiGroups=("*",)), Attributes("get", "apps", "pods"), True),
        (rule(resources=("*",)), Attributes("get", "", "pods", "log"), True),
        (rule(), Attributes("get", "", "pods", "log"), False),
        (rule(resources=("pods/log",)), Attributes("get", "", "pods", "log"), True),
        (rule(resources=("pods/log",)), Attributes("get", "", "pods"), False),
        (rule(resources=("*/scale",)), Attributes("get", "", "pods", "scale"), True),
        (rule(resources=("*/scale",)), Attributes("get", "", "pods"), False),
        (rule(resourceNames=("a",)), Attributes("get", "", "pods", name="a"), True),
        (rule(resourceNames=("a",)), Attributes("get", "", "pods", name="b"), False),
        (rule(resourceNames=("a",)), Attributes("get", "", "pods"), False),
        (rule(nonResourceURLs=("/healthz",)), Attributes("get", path="/healthz"), True),
        (rule(nonResourceURLs=("/api/*",)), Attributes("get", path="/api/v1"), True),
        (rule(nonResourceURLs=("/api/*",)), Attributes("get", path="/apis"), False),
        (rule(nonResourceURLs=("*",)), Attributes("get", path="/x"), True),
        (rule(), Attributes("get", path="/x"), False),
        (rule(nonResourceURLs=("*",), resources=()), Attributes("get", "", "pods"), False),
    ],
)
def test_a_rule_covers_what_it_says(found: PolicyRule, asked: Attributes, allowed: bool) -> None:
    assert allows(found, asked) is allowed
