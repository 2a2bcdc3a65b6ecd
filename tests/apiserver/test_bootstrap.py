"""What a fresh cluster holds, and holds again after somebody deleted it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.apiserver.conftest import ADMIN, Driver, account_key

from wherry.apiserver.authz import Attributes
from wherry.apiserver.bootstrap import NAMESPACES
from wherry.apiserver.call import User
from wherry.apiserver.server import ApiServer, Settings
from wherry.machinery.schema import Tree
from wherry.sim.clock import VirtualClock
from wherry.store.memory import MemoryStore


class Restarted:
    """Servers one after the other on one store."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.store = MemoryStore(clock=self.clock)

    async def start(self, **settings: str) -> tuple[ApiServer, Driver]:
        made = ApiServer(
            self.store,
            self.clock,
            Settings(version="0", service_account_key=account_key(), **settings),  # type: ignore[arg-type]  # strings all
        )
        await made.start()
        return made, Driver(made.api)


async def everything(api: Driver) -> Mapping[str, list[str]]:
    kinds = ("namespaces", "clusterroles", "clusterrolebindings", "priorityclasses", "servicecidrs")
    return {kind: list(await api.names(kind, namespace="")) for kind in kinds}


async def test_a_fresh_cluster_has_what_every_cluster_has(api: Driver) -> None:
    found = await everything(api)
    assert set(found["namespaces"]) == set(NAMESPACES)
    assert {"cluster-admin", "admin", "edit", "view", "system:node"} <= set(found["clusterroles"])
    assert found["priorityclasses"] == ["system-cluster-critical", "system-node-critical"]
    service = await api.get("services", "kubernetes")
    assert service["spec"]["clusterIP"] == "10.96.0.1"


async def test_what_was_deleted_is_back_after_the_next_start() -> None:
    runs = Restarted()
    first, api = await runs.start()
    before = await everything(api)
    for kind, name in (
        ("clusterroles", "system:node"),
        ("clusterrolebindings", "cluster-admin"),
        ("services", "kubernetes"),
        ("priorityclasses", "system-node-critical"),
    ):
        await api.delete(kind, name)
    await first.close(0)
    second, api = await runs.start()
    assert await everything(api) == before
    assert (await api.get("services", "kubernetes"))["spec"]["clusterIP"] == "10.96.0.1"
    await second.close(0)


async def test_a_second_start_writes_nothing() -> None:
    runs = Restarted()
    first, _ = await runs.start()
    revision = runs.store.revision
    await first.close(0)
    second, _ = await runs.start()
    assert runs.store.revision == revision
    await second.close(0)


async def test_what_was_changed_on_purpose_stays() -> None:
    runs = Restarted()
    first, api = await runs.start()
    await api.patch("clusterroles", "view", {"rules": []})
    await first.close(0)
    second, api = await runs.start()
    assert not (await api.get("clusterroles", "view")).get("rules")
    await second.close(0)


async def test_a_new_address_of_the_server_is_noted() -> None:
    runs = Restarted()
    first, api = await runs.start(advertise="192.0.2.1")
    await first.close(0)
    second, api = await runs.start(advertise="192.0.2.2")
    found: Tree = await api.get("endpoints", "kubernetes")
    assert [address["ip"] for address in found["subsets"][0]["addresses"]] == ["192.0.2.2"]
    await second.close(0)


@pytest.mark.parametrize(
    ("user", "asked", "allowed"),
    [
        (ADMIN, Attributes("delete", "", "nodes", name="n"), True),
        (User("x", ("system:authenticated",)), Attributes("get", path="/apis/apps"), True),
        (User("x", ("system:authenticated",)), Attributes("list", "", "pods"), False),
        (
            User("x", ("system:authenticated",)),
            Attributes("create", "authorization.k8s.io", "selfsubjectaccessreviews"),
            True,
        ),
        (User("system:node:n", ("system:nodes",)), Attributes("patch", "", "pods", "status", "d", "p"), True),
        (User("system:node:n", ("system:nodes",)), Attributes("patch", "", "pods", "", "d", "p"), False),
        (User("system:node:n", ("system:nodes",)), Attributes("delete", "apps", "deployments"), False),
    ],
)
async def test_everybody_has_the_rights_of_their_group(
    api: Driver, user: User, asked: Attributes, allowed: bool
) -> None:
    assert api.api.authorizer.decide(user, asked).allowed is allowed
