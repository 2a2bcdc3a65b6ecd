"""Gets and lists: selectors, pages, versions."""

from __future__ import annotations

import pytest
from tests.apiserver.conftest import Driver, configmap, pod

from wherry.machinery.errors import BadRequest, Expired, Invalid, NotFound, Timeout


async def test_what_is_not_there_is_not_found(api: Driver) -> None:
    with pytest.raises(NotFound, match=r'deployments\.apps "web" not found'):
        await api.get("deployments", "web")


async def test_a_list_is_in_the_order_of_names(api: Driver) -> None:
    for name in ("b", "a", "c"):
        await api.create("configmaps", configmap(name))
    assert await api.names("configmaps") == ["a", "b", "c"]


async def test_selectors_choose(api: Driver) -> None:
    for name in ("a", "b"):
        await api.create("pods", pod(name))
    assert await api.names("pods", labelSelector="app=a") == ["a"]
    assert await api.names("pods", labelSelector="app notin (a)") == ["b"]
    assert await api.names("pods", fieldSelector="metadata.name=b") == ["b"]
    assert await api.names("pods", fieldSelector="status.phase!=Pending") == []


@pytest.mark.parametrize("option", ["labelSelector", "fieldSelector"])
async def test_a_selector_that_cannot_be_read_is_a_bad_request(api: Driver, option: str) -> None:
    with pytest.raises(BadRequest):
        await api.list("pods", **{option: "a in ((" if option == "labelSelector" else "spec.nothing=1"})


async def test_pages_are_of_one_moment(api: Driver) -> None:
    for number in range(5):
        await api.create("configmaps", configmap(f"c{number}"))
    first = await api.list("configmaps", limit="2")
    assert (len(first.entries), first.remaining) == (2, 3)
    await api.delete("configmaps", "c4")
    second = await api.list("configmaps", limit="2", **{"continue": first.proceed})
    third = await api.list("configmaps", limit="2", **{"continue": second.proceed})
    names = [entry.name for page in (first, second, third) for entry in page.entries]
    assert names == ["c0", "c1", "c2", "c3", "c4"]
    assert third.proceed == ""


async def test_an_exact_version_shows_the_past(api: Driver) -> None:
    made = await api.create("configmaps", configmap("a"))
    await api.create("configmaps", configmap("b"))
    version = made["metadata"]["resourceVersion"]
    assert await api.names("configmaps", resourceVersion=version, resourceVersionMatch="Exact") == ["a"]


async def test_a_compacted_version_is_expired(api: Driver) -> None:
    made = await api.create("configmaps", configmap("a"))
    await api.create("configmaps", configmap("b"))
    await api.api.store.compact(api.api.store.revision)
    with pytest.raises(Expired):
        await api.list(
            "configmaps", resourceVersion=made["metadata"]["resourceVersion"], resourceVersionMatch="Exact"
        )


async def test_a_version_that_is_not_there_yet_is_a_timeout_to_retry(api: Driver) -> None:
    with pytest.raises(Timeout, match="Too large resource version: 999999"):
        await api.list("configmaps", resourceVersion="999999")


async def test_options_that_mean_nothing_together_are_refused(api: Driver) -> None:
    with pytest.raises(Invalid, match="resourceVersionMatch is forbidden unless resourceVersion is provided"):
        await api.list("configmaps", resourceVersionMatch="Exact")


async def test_events_are_the_same_in_both_groups(api: Driver) -> None:
    body = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
        "reason": "Started",
        "message": "it runs",
        "type": "Normal",
    }
    await api.create("events", body)
    other = await api.get("events.events.k8s.io", "e")
    assert other["apiVersion"] == "events.k8s.io/v1"
    assert (other["regarding"]["name"], other["note"]) == ("p", "it runs")
