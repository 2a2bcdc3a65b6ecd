"""Addresses and node ports: given out once each, and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apiserver.conftest import Driver, resource

from wherry.apiserver.server import ApiServer, Settings
from wherry.apiserver.services import ServiceHooks
from wherry.machinery.errors import Invalid, StatusError
from wherry.machinery.schema import Tree
from wherry.sim.clock import VirtualClock
from wherry.store.memory import MemoryStore


def service(name: str, **spec: Any) -> Tree:
    return {"metadata": {"name": name}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}], **spec}}


async def create(api: Driver, name: str, **spec: Any) -> Tree:
    found: Tree = (await api.create("services", service(name, **spec)))["spec"]
    return found


@pytest.fixture
async def narrow() -> AsyncIterator[Driver]:
    """A cluster with six addresses, of which one is the API server's, and three node ports."""
    clock = VirtualClock()
    made = ApiServer(MemoryStore(clock=clock), clock, Settings(version="0", service_cidr="10.96.0.0/29"))
    made.api.services.node_ports = range(30000, 30003)
    await made.start()
    yield Driver(made.api)
    await made.close(0)


async def test_a_service_gets_an_address_of_the_range(api: Driver) -> None:
    spec = await create(api, "a")
    assert spec["clusterIP"].startswith("10.96.")
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")


async def test_an_address_may_be_asked_for_and_is_given_once(api: Driver) -> None:
    assert (await create(api, "a", clusterIP="10.96.0.10"))["clusterIP"] == "10.96.0.10"
    with pytest.raises(Invalid, match="provided IP is already allocated"):
        await create(api, "b", clusterIP="10.96.0.10")
    with pytest.raises(Invalid, match=r"not in the valid range|not within"):
        await create(api, "b", clusterIP="192.0.2.1")
    with pytest.raises(Invalid):
        await create(api, "b", clusterIP="nonsense")


async def test_headless_and_external_services_have_none(api: Driver) -> None:
    assert (await create(api, "a", clusterIP="None"))["clusterIPs"] == ["None"]
    spec = await create(api, "b", type="ExternalName", externalName="example.com", ports=[])
    assert not spec.get("clusterIP")


async def test_addresses_run_out_and_come_back(narrow: Driver) -> None:
    given = {(await create(narrow, f"s{number}"))["clusterIP"] for number in range(5)}
    assert len(given) == 5
    with pytest.raises(StatusError, match="is full"):
        await create(narrow, "one-more")
    await narrow.delete("services", "s3")
    assert (await create(narrow, "one-more"))["clusterIP"] in given


async def test_of_many_at_once_each_gets_its_own(api: Driver) -> None:
    specs = await asyncio.gather(*(create(api, f"s{number}", type="NodePort") for number in range(50)))
    assert len({spec["clusterIP"] for spec in specs}) == 50
    assert len({spec["ports"][0]["nodePort"] for spec in specs}) == 50


async def test_node_ports_run_out_and_come_back(narrow: Driver) -> None:
    for number in range(3):
        await create(narrow, f"s{number}", type="NodePort")
    with pytest.raises(StatusError, match="failed to allocate a nodePort: range is full"):
        await create(narrow, "one-more", type="NodePort")
    assert "one-more" not in await narrow.names("services")
    await narrow.delete("services", "s0")
    assert (await create(narrow, "one-more", type="NodePort"))["ports"][0]["nodePort"] in range(30000, 30003)


async def test_what_failed_took_nothing(narrow: Driver) -> None:
    before = set(narrow.api.services.addresses), set(narrow.api.services.ports)
    with pytest.raises(Invalid):
        await create(narrow, "a", type="NodePort", ports=[{"port": 80, "nodePort": 1}])
    await narrow.create("services", service("a", type="NodePort"), dryRun="All")
    assert (narrow.api.services.addresses, narrow.api.services.ports) == before


@pytest.mark.parametrize(
    ("port", "words"),
    [(29999, "The range of valid ports is 30000-32767"), (30080, "provided port is already allocated")],
)
async def test_a_node_port_may_be_asked_for(api: Driver, port: int, words: str) -> None:
    spec = await create(api, "a", type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
    assert spec["ports"][0]["nodePort"] == 30080
    with pytest.raises(Invalid, match=words):
        await create(api, "b", type="NodePort", ports=[{"port": 80, "nodePort": port}])


async def test_tcp_and_udp_of_a_port_share_their_node_port(api: Driver) -> None:
    ports = [{"name": p.lower(), "port": 53, "protocol": p} for p in ("TCP", "UDP")]
    spec = await create(api, "dns", type="NodePort", ports=ports)
    assert len({port["nodePort"] for port in spec["ports"]}) == 1


async def test_an_update_keeps_what_it_does_not_name(api: Driver) -> None:
    before = await create(api, "a", type="NodePort")
    changed = await api.update("services", "a", service("a", type="NodePort"))
    assert changed["spec"]["clusterIP"] == before["clusterIP"]
    assert changed["spec"]["ports"] == before["ports"]


async def test_a_service_that_needs_no_node_port_any_more_gives_it_back(api: Driver) -> None:
    spec = await create(api, "a", type="NodePort")
    port = spec["ports"][0]["nodePort"]
    changed = await api.update("services", "a", service("a"))
    assert "nodePort" not in changed["spec"]["ports"][0]
    assert (await create(api, "b", type="NodePort", ports=[{"port": 1, "nodePort": port}]))["ports"]


async def test_what_is_taken_is_known_after_a_start() -> None:
    clock = VirtualClock()
    store = MemoryStore(clock=clock)
    first = ApiServer(store, clock, Settings(version="0"))
    await first.start()
    made = await create(Driver(first.api), "a", type="NodePort")
    await first.close(0)
    second = ApiServer(store, clock, Settings(version="0"))
    await second.start()
    assert made["clusterIP"] in second.api.services.addresses
    assert ("TCP", made["ports"][0]["nodePort"]) in second.api.services.ports
    await second.close(0)


def test_only_a_range_of_ipv4_is_one() -> None:
    assert resource("services").kind == "Service"
    with pytest.raises(ValueError, match="is not an IPv4 network"):
        ServiceHooks("fd00::/112", VirtualClock())
