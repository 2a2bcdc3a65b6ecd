"""`pods/binding`: the scheduler's one write."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.conftest import Driver, pod

from wherry.machinery.errors import BadRequest, Conflict, Invalid, NotFound


async def bind(api: Driver, name: str = "p", node: str = "n1", **metadata: Any) -> None:
    body = {"metadata": {"name": name, **metadata}, "target": {"kind": "Node", "name": node}}
    await api.do("create", "pods", "p", body, subresource="binding")


@pytest.fixture
async def placed(api: Driver) -> Driver:
    await api.create("pods", pod("p"))
    return api


async def test_a_binding_places_a_pod_and_says_so(placed: Driver) -> None:
    await bind(placed, annotations={"a": "b"}, labels={"topology.kubernetes.io/zone": "z"})
    found = await placed.get("pods", "p")
    assert found["spec"]["nodeName"] == "n1"
    assert found["metadata"]["annotations"] == {"a": "b"}
    assert found["metadata"]["labels"] == {"app": "p", "topology.kubernetes.io/zone": "z"}
    (condition,) = found["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")
    assert found["metadata"]["generation"] == 1, "where a Pod runs is not what was asked for"


async def test_a_pod_is_placed_once(placed: Driver) -> None:
    await bind(placed)
    with pytest.raises(Conflict, match='pod p is already assigned to node "n1"'):
        await bind(placed, node="n2")


async def test_a_pod_that_is_going_is_not_placed(placed: Driver) -> None:
    await placed.patch("pods", "p", {"metadata": {"finalizers": ["example.com/f"]}})
    await placed.delete("pods", "p")
    with pytest.raises(Conflict, match="pod p is being deleted, cannot be assigned to a host"):
        await bind(placed)


async def test_a_gated_pod_is_not_placed(api: Driver) -> None:
    await api.create("pods", pod("p", schedulingGates=[{"name": "example.com/wait"}]))
    with pytest.raises(Conflict, match=r"pod p has non-empty \.spec\.schedulingGates"):
        await bind(api)


async def test_another_pod_of_the_name_is_not_placed(placed: Driver) -> None:
    with pytest.raises(Conflict, match="Precondition failed: UID in precondition: x"):
        await bind(placed, uid="x")


async def test_a_binding_must_make_sense(placed: Driver) -> None:
    with pytest.raises(BadRequest, match=r"the name of the object \(q\) does not match"):
        await bind(placed, "q")
    with pytest.raises(Invalid, match=r"target\.name"):
        await bind(placed, node="")
    with pytest.raises(BadRequest, match="not a Binding"):
        await placed.do("create", "pods", "p", [], subresource="binding")
    with pytest.raises(NotFound):
        await placed.do("create", "pods", "q", {"target": {"name": "n1"}}, subresource="binding")


async def test_the_older_way_is_to_create_a_binding(placed: Driver) -> None:
    body = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n1"}}
    await placed.do("create", "bindings", "", body)
    assert (await placed.get("pods", "p"))["spec"]["nodeName"] == "n1"
