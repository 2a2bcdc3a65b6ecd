"""Kinds that are questions."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.conftest import Driver

from wherry.apiserver.call import Call, Outcome, User
from wherry.machinery.errors import Invalid
from wherry.machinery.schema import Tree

JANE = User("jane", ("dev", "system:authenticated"), "uid-1", {"a": ("b",)})


async def ask(api: Driver, kind: str, spec: Any = None, user: User = JANE, namespace: str = "") -> Tree:
    from tests.apiserver.conftest import resource

    body = api.api.encode({"spec": spec} if spec is not None else {})
    outcome = await api.api.perform(Call("create", resource(kind), namespace, body=body, user=user))
    assert isinstance(outcome, Outcome)
    assert outcome.code == 201
    assert outcome.tree is not None
    status: Tree = outcome.tree["status"]
    return status


async def test_who_am_i(api: Driver) -> None:
    assert (await ask(api, "selfsubjectreviews"))["userInfo"] == {
        "username": "jane",
        "groups": ["dev", "system:authenticated"],
        "uid": "uid-1",
        "extra": {"a": ["b"]},
    }


@pytest.mark.parametrize(("groups", "allowed"), [(("system:masters",), True), (("dev",), False)])
async def test_may_i(api: Driver, groups: tuple[str, ...], allowed: bool) -> None:
    asked = {"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "default"}}
    status = await ask(api, "selfsubjectaccessreviews", asked, User("x", groups))
    assert status["allowed"] is allowed


@pytest.mark.parametrize("kind", ["subjectaccessreviews", "localsubjectaccessreviews"])
async def test_may_they(api: Driver, kind: str) -> None:
    asked = {
        "user": "somebody",
        "groups": ["system:masters"],
        "resourceAttributes": {"verb": "delete", "resource": "nodes", "namespace": "default"},
    }
    assert (await ask(api, kind, asked, namespace="default"))["allowed"]
    assert not (await ask(api, kind, {**asked, "groups": []}, namespace="default"))["allowed"]


async def test_may_i_see_a_path(api: Driver) -> None:
    asked = {"nonResourceAttributes": {"verb": "get", "path": "/version"}}
    status = await ask(api, "selfsubjectaccessreviews", asked)
    assert status["allowed"]
    assert status["reason"].startswith('RBAC: allowed by ClusterRoleBinding "system:')


@pytest.mark.parametrize("spec", [{}, {"resourceAttributes": {}, "nonResourceAttributes": {}}])
async def test_a_question_is_about_a_resource_or_a_path(api: Driver, spec: Any) -> None:
    with pytest.raises(Invalid, match="exactly one of nonResourceAttributes or resourceAttributes"):
        await ask(api, "selfsubjectaccessreviews", spec)


async def test_what_may_i(api: Driver) -> None:
    status = await ask(api, "selfsubjectrulesreviews", {"namespace": "default"})
    assert status["incomplete"] is False
    mine = {
        "verbs": ["create"],
        "apiGroups": ["authentication.k8s.io"],
        "resources": ["selfsubjectreviews"],
    }
    assert mine in status["resourceRules"]
    assert any("/version" in rule["nonResourceURLs"] for rule in status["nonResourceRules"])


async def test_nothing_is_kept(api: Driver) -> None:
    before = api.api.store.revision
    await ask(api, "selfsubjectreviews")
    assert api.api.store.revision == before
