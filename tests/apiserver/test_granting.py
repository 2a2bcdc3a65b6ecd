"""Nobody grants more than they hold."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.apiserver.conftest import Driver, resource

from wherry.apiserver.call import Call, User
from wherry.machinery.errors import Forbidden, NotFound

JANE = User("jane", ("system:authenticated",))
READ = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
WRITE = {"verbs": ["create", "delete"], "apiGroups": [""], "resources": ["pods"]}


@pytest.fixture
async def bench(api: Driver) -> Driver:
    """Jane may read Pods everywhere."""
    await api.create("clusterroles", {"metadata": {"name": "reader"}, "rules": [READ]})
    await api.create("clusterroles", {"metadata": {"name": "writer"}, "rules": [WRITE]})
    await bind(api, "reader")
    return api


async def bind(api: Driver, role: str, who: str = "jane") -> None:
    await api.create("clusterrolebindings", binding(role, who))


def binding(role: str, who: str) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{who}-{role}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "User", "name": who}],
    }


async def as_jane(api: Driver, verb: str, plural: str, body: Any, name: str = "") -> None:
    found = resource(plural)
    place = "default" if found.namespaced else ""
    data = msgspec.json.encode(body)
    await api.api.perform(Call(verb, found, place, name, body=data, user=JANE))


@pytest.mark.parametrize("plural", ["roles", "clusterroles"])
async def test_a_role_within_what_one_holds_is_fine(bench: Driver, plural: str) -> None:
    await as_jane(bench, "create", plural, {"metadata": {"name": "mine"}, "rules": [READ]})


async def test_a_role_beyond_what_one_holds_is_refused_with_what_is_missing(bench: Driver) -> None:
    with pytest.raises(Forbidden) as refused:
        await as_jane(bench, "create", "clusterroles", {"metadata": {"name": "evil"}, "rules": [READ, WRITE]})
    assert refused.value.message == (
        'clusterroles.rbac.authorization.k8s.io "evil" is forbidden: user "jane" '
        '(groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
        '{APIGroups:[""], Resources:["pods"], Verbs:["create" "delete"]}'
    )


async def test_a_role_does_not_grow_but_its_labels_may_change(bench: Driver) -> None:
    role = await bench.get("clusterroles", "writer")
    role["metadata"]["labels"] = {"a": "b"}
    await as_jane(bench, "update", "clusterroles", role, "writer")
    role = await bench.get("clusterroles", "writer")
    role["rules"][0]["verbs"] = ["*"]
    with pytest.raises(Forbidden, match="not currently held"):
        await as_jane(bench, "update", "clusterroles", role, "writer")


async def test_a_role_that_collects_others_takes_everything(bench: Driver) -> None:
    selector = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    body = {"metadata": {"name": "all"}, "aggregationRule": selector, "rules": []}
    with pytest.raises(Forbidden, match="not currently held"):
        await as_jane(bench, "create", "clusterroles", body)


async def test_a_binding_gives_what_one_holds_and_no_more(bench: Driver) -> None:
    await as_jane(bench, "create", "rolebindings", binding("reader", "joe"))
    for plural in ("rolebindings", "clusterrolebindings"):
        with pytest.raises(Forbidden, match="not currently held"):
            await as_jane(bench, "create", plural, binding("writer", "joe"))
    with pytest.raises(NotFound):
        await as_jane(bench, "create", "rolebindings", binding("none", "joe"))


@pytest.mark.parametrize(("verb", "grants"), [("escalate", "clusterroles"), ("bind", "clusterrolebindings")])
async def test_escalate_and_bind_are_rights_of_their_own(bench: Driver, verb: str, grants: str) -> None:
    rule = {"verbs": [verb], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"]}
    await bench.create("clusterroles", {"metadata": {"name": "granter"}, "rules": [rule]})
    await bind(bench, "granter")
    body = {"metadata": {"name": "x"}, "rules": [WRITE]} if verb == "escalate" else binding("writer", "joe")
    await as_jane(bench, "create", grants, body)
