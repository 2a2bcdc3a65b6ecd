"""`pods/eviction`: a Pod goes if its disruption budget lets it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.conftest import Driver, pod

from wherry.machinery.errors import BadRequest, InternalError, NotFound, TooManyRequests


async def run(api: Driver, name: str, *, ready: bool = True) -> None:
    await api.create("pods", {**pod(name, nodeName="n1")})
    status = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
    }
    await api.patch("pods", name, {"status": status}, subresource="status")


async def budget(api: Driver, name: str = "b", *, allowed: int, policy: str = "", **status: Any) -> None:
    spec = {"selector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}, "minAvailable": 1}
    if policy:
        spec["unhealthyPodEvictionPolicy"] = policy
    made = await api.create("poddisruptionbudgets", {"metadata": {"name": name}, "spec": spec})
    full = {
        "disruptionsAllowed": allowed,
        "currentHealthy": 2,
        "desiredHealthy": 2,
        "expectedPods": 2,
        "observedGeneration": made["metadata"]["generation"],
        **status,
    }
    await api.patch("poddisruptionbudgets", name, {"status": full}, subresource="status")


async def evict(api: Driver, name: str = "p", **body: Any) -> None:
    whole = {"metadata": {"name": name}, **body}
    await api.do("create", "pods", name, whole, subresource="eviction")


async def going(api: Driver, name: str = "p") -> bool:
    return "deletionTimestamp" in (await api.get("pods", name))["metadata"]


async def test_without_a_budget_a_pod_goes_and_its_status_says_why(api: Driver) -> None:
    await run(api, "p")
    await evict(api)
    found = await api.get("pods", "p")
    assert "deletionTimestamp" in found["metadata"]
    condition = found["status"]["conditions"][-1]
    assert (condition["type"], condition["reason"]) == ("DisruptionTarget", "EvictionByEvictionAPI")


async def test_a_budget_is_spent(api: Driver) -> None:
    await run(api, "p")
    await run(api, "q")
    await budget(api, allowed=1)
    await evict(api, "p")
    status = (await api.get("poddisruptionbudgets", "b"))["status"]
    assert status["disruptionsAllowed"] == 0
    assert set(status["disruptedPods"]) == {"p"}
    with pytest.raises(TooManyRequests, match="Cannot evict pod as it would violate") as refused:
        await evict(api, "q")
    assert refused.value.causes[0].message == (
        "The disruption budget b needs 2 healthy pods and has 2 currently"
    )
    assert not await going(api, "q")


async def test_a_budget_that_nobody_has_looked_at_yet_is_none(api: Driver) -> None:
    await run(api, "p")
    await budget(api, allowed=1, observedGeneration=0)
    with pytest.raises(TooManyRequests) as refused:
        await evict(api)
    assert refused.value.retry_after == 10


async def test_two_budgets_are_one_too_many(api: Driver) -> None:
    await run(api, "p")
    await budget(api, "b", allowed=1)
    await budget(api, "c", allowed=1)
    with pytest.raises(InternalError, match="more than one PodDisruptionBudget"):
        await evict(api)


@pytest.mark.parametrize(
    ("policy", "healthy", "goes"),
    [("AlwaysAllow", 0, True), ("IfHealthyBudget", 2, True), ("IfHealthyBudget", 1, False), ("", 2, True)],
)
async def test_a_pod_that_is_not_ready_may_go_past_the_budget(
    api: Driver, policy: str, healthy: int, goes: bool
) -> None:
    await run(api, "p", ready=False)
    await budget(api, allowed=0, policy=policy, currentHealthy=healthy)
    if goes:
        await evict(api)
    else:
        with pytest.raises(TooManyRequests):
            await evict(api)
    assert await going(api) is goes


async def test_a_pod_that_does_not_run_disturbs_nobody(api: Driver) -> None:
    await api.create("pods", pod("p"))
    await budget(api, allowed=0)
    await evict(api)
    with pytest.raises(NotFound):
        await api.get("pods", "p")


async def test_options_are_those_of_delete(api: Driver) -> None:
    await run(api, "p")
    await evict(api, deleteOptions={"gracePeriodSeconds": 0})
    with pytest.raises(NotFound):
        await api.get("pods", "p")


async def test_an_eviction_must_make_sense(api: Driver) -> None:
    await run(api, "p")
    with pytest.raises(BadRequest, match="name in URL does not match name in Eviction object"):
        await evict(api, metadata={"name": "q"})
    with pytest.raises(NotFound):
        await evict(api, "none")
