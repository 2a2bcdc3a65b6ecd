"""A new Node takes no Pods until it has been seen Ready."""

from __future__ import annotations

from tests.apiserver.conftest import Driver

from wherry.apiserver.admission.taintnodesbycondition import TAINT


async def test_a_new_node_is_tainted_once(api: Driver) -> None:
    made = await api.create("nodes", {"metadata": {"name": "a"}})
    assert made["spec"]["taints"] == [TAINT]
    again = await api.create("nodes", {"metadata": {"name": "b"}, "spec": {"taints": [TAINT]}})
    assert again["spec"]["taints"] == [TAINT]


async def test_a_node_that_was_seen_ready_is_left_alone(api: Driver) -> None:
    made = await api.create("nodes", {"metadata": {"name": "a"}})
    made["spec"]["taints"] = []
    assert not (await api.update("nodes", "a", made))["spec"].get("taints")
