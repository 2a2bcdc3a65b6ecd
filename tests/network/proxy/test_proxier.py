"""The proxy at work: a node, pods and clients in namespaces, and connections between them."""

from __future__ import annotations

import socket
import threading
from time import monotonic
from typing import Any

import pytest
from tests.network.conftest import Lab, Server, endpoint, slice_of

from wherry.api.core.service import (
    ClientIPConfig,
    Service,
    ServicePort,
    ServiceSpec,
    SessionAffinityConfig,
)
from wherry.api.discovery.endpointslice import Endpoint
from wherry.machinery.meta import ObjectMeta

pytestmark = pytest.mark.machine

VIP = "10.96.0.10"
VIP6 = "fd96::10"
NODE, OUT = "203.0.113.2", "203.0.113.9"


PORTS = (
    ServicePort(name="http", port=80, protocol="TCP"),
    ServicePort(name="dns", port=80, protocol="UDP"),
)
NODE_PORTS = (ServicePort(name="http", port=80, protocol="TCP", nodePort=30080),)


def web(name: str = "web", vip: str = VIP, **spec: Any) -> Service:
    given: dict[str, Any] = {"clusterIP": vip, "clusterIPs": (vip,), "ports": PORTS} | spec
    return Service(metadata=ObjectMeta(name=name, namespace="default"), spec=ServiceSpec(**given))


def exposed(**spec: Any) -> Service:
    return web(type="NodePort", ports=NODE_PORTS, **spec)


def sticky(seconds: int) -> dict[str, Any]:
    config = SessionAffinityConfig(clientIP=ClientIPConfig(timeoutSeconds=seconds))
    return {"sessionAffinity": "ClientIP", "sessionAffinityConfig": config}


def ask(flow: socket.socket) -> tuple[str, str]:
    flow.send(b"?")
    server, _, seen = flow.recv(100).decode().partition(" ")
    return server, seen


def test_pods_and_the_host_reach_all_endpoints(lab: Lab) -> None:
    lab.serve(1, 2)
    service = web()
    lab.write(service, slice_of(service, endpoint(1), endpoint(2)))
    for client in ("pod3", "node"):
        assert {lab.tcp(client, VIP, 80)[0] for _ in range(40)} == {"pod1", "pod2"}
    assert lab.tcp("pod3", VIP, 80)[1] == "10.42.0.13"  # pods see who asks
    assert lab.tcp("node", VIP, 80)[1] == "10.42.0.1"


def test_serves_both_families(lab: Lab) -> None:
    lab.serve(1, 2)
    service = exposed(clusterIPs=(VIP, VIP6))
    lab.write(service, slice_of(service, endpoint(1)), slice_of(service, endpoint(2), ipv6=True))
    assert lab.tcp("pod3", VIP6, 80) == ("pod2", "fd42::13")
    assert lab.tcp("pod3", VIP, 80) == ("pod1", "10.42.0.13")
    assert lab.tcp("pod2", VIP6, 80)[0] == "pod2"
    assert lab.tcp("out", "fd20::2", 30080)[0] == "pod2"


def test_a_pod_reaches_itself_through_its_service(lab: Lab) -> None:
    lab.serve(1)
    service = web()
    lab.write(service, slice_of(service, endpoint(1)))
    assert lab.tcp("pod1", VIP, 80)[0] == "pod1"
    with lab.udp("pod1", VIP) as flow:
        assert ask(flow)[0] == "pod1"


def test_node_ports_are_served_on_all_addresses_of_the_node(lab: Lab) -> None:
    lab.serve(1, 2)
    service = exposed()
    lab.write(service, slice_of(service, endpoint(1), endpoint(2)))
    for client, address in (("out", NODE), ("node", NODE), ("node", "127.0.0.1"), ("pod3", "10.42.0.1")):
        assert {lab.tcp(client, address, 30080)[0] for _ in range(40)} == {"pod1", "pod2"}
    assert lab.tcp("out", NODE, 30080)[1] == "10.42.0.1"  # replies have to come back this way


def test_the_external_policy_local_keeps_the_clients_address(lab: Lab) -> None:
    lab.serve(1, 2)
    elsewhere = endpoint(2)
    elsewhere = type(elsewhere)(addresses=elsewhere.addresses, nodeName="another")
    service = exposed(externalTrafficPolicy="Local")
    lab.write(service, slice_of(service, endpoint(1), elsewhere))
    assert {lab.tcp("out", NODE, 30080) for _ in range(20)} == {("pod1", OUT)}
    assert {lab.tcp("pod3", NODE, 30080)[0] for _ in range(40)} == {"pod1", "pod2"}
    assert {lab.tcp("node", NODE, 30080)[0] for _ in range(40)} == {"pod1", "pod2"}


def test_external_addresses_are_served(lab: Lab) -> None:
    lab.serve(1)
    service = web(externalIPs=("198.51.100.7",))
    lab.write(service, slice_of(service, endpoint(1)))
    assert lab.tcp("out", "198.51.100.7", 80) == ("pod1", "10.42.0.1")
    assert lab.tcp("pod3", "198.51.100.7", 80)[0] == "pod1"


@pytest.mark.parametrize("client", ["pod1", "node"])
def test_refuses_at_once_where_nobody_serves(lab: Lab, client: str) -> None:
    service = web()
    lab.write(service, slice_of(service))
    for port in (80, 81):  # without endpoints, and not a port of the Service at all
        began = monotonic()
        with pytest.raises(ConnectionRefusedError):
            lab.tcp(client, VIP, port)
        assert monotonic() - began < 0.5
    # The host's own datagrams do not leave it: EPERM.
    with lab.udp(client, VIP) as flow, pytest.raises((ConnectionRefusedError, PermissionError)):
        ask(flow)


def test_affinity_holds_while_endpoints_come_and_go_and_ends_with_its_time(lab: Lab) -> None:
    lab.serve(1, 2, 3)
    service = web(**sticky(1000))
    lab.write(service, slice_of(service, endpoint(1), endpoint(2)))
    first = lab.tcp("node", VIP, 80)[0]
    assert {lab.tcp("node", VIP, 80)[0] for _ in range(20)} == {first}
    lab.write(slice_of(service, endpoint(1), endpoint(2), endpoint(3)))
    assert {lab.tcp("node", VIP, 80)[0] for _ in range(20)} == {first}
    others = [number for number in (1, 2, 3) if first != f"pod{number}"]
    lab.write(slice_of(service, endpoint(int(first[-1])), endpoint(others[0])))
    assert {lab.tcp("node", VIP, 80)[0] for _ in range(20)} == {first}
    lab.write(slice_of(service, *map(endpoint, others)))
    second = lab.tcp("node", VIP, 80)[0]
    assert second != first
    assert {lab.tcp("node", VIP, 80)[0] for _ in range(20)} == {second}
    assert "expires" in lab.shell("node", "nft", "list", "set", "inet", lab.network.name, "clients4")


def test_affinity_holds_for_node_ports_too(lab: Lab) -> None:
    lab.serve(1, 2)
    service = exposed(clusterIPs=(VIP, VIP6), **sticky(1000))
    both = (endpoint(1), endpoint(2))
    lab.write(service, slice_of(service, *both), slice_of(service, *both, ipv6=True))
    for address, port, client in (
        (NODE, 30080, "out"),
        ("fd20::2", 30080, "out"),
        (VIP, 80, "out"),
        (VIP6, 80, "pod3"),
    ):
        assert len({lab.tcp(client, address, port)[0] for _ in range(20)}) == 1


def test_affinity_expires(lab: Lab) -> None:
    lab.serve(1, 2)
    service = web(**sticky(1))
    lab.write(service, slice_of(service, endpoint(1), endpoint(2)))
    listing = ("nft", "list", "set", "inet", lab.network.name, "clients4")
    lab.tcp("node", VIP, 80)
    began = monotonic()
    while "expires" in lab.shell("node", *listing):
        assert monotonic() - began < 5
    assert monotonic() - began > 0.5


def test_what_ends_gets_no_new_connections_unless_nothing_else_serves(lab: Lab) -> None:
    lab.serve(1, 2)
    service = web()
    ending = endpoint(1, ready=False, terminating=True)
    lab.write(service, slice_of(service, ending, endpoint(2)))
    assert {lab.tcp("pod3", VIP, 80)[0] for _ in range(20)} == {"pod2"}
    lab.write(slice_of(service, ending))
    assert {lab.tcp("pod3", VIP, 80)[0] for _ in range(5)} == {"pod1"}


def test_a_udp_flow_moves_on_when_its_endpoint_is_gone(lab: Lab) -> None:
    lab.serve(1, 2)
    service = web()
    lab.write(service, slice_of(service, endpoint(1)))
    with lab.udp("pod3", VIP) as flow, lab.udp("node", VIP) as other:
        assert ask(flow)[0] == ask(other)[0] == "pod1"
        lab.write(slice_of(service, endpoint(2)))
        assert ask(flow)[0] == ask(other)[0] == "pod2"
    assert lab.proxier.measures.forgotten == 2


def test_no_connection_fails_while_rules_change(lab: Lab) -> None:
    lab.serve(1, 2, 3)
    service = web()
    lab.write(service, slice_of(service, endpoint(1), endpoint(2)))
    failures: list[Exception] = []
    done = threading.Event()

    def knock() -> None:
        while not done.is_set():
            try:
                lab.tcp("pod1", VIP, 80)
            except OSError as error:
                failures.append(error)

    clients = [threading.Thread(target=knock) for _ in range(3)]
    for client in clients:
        client.start()
    for turn in range(20):
        lab.write(slice_of(service, *(endpoint(1 + (turn + each) % 3) for each in range(1 + turn % 3))))
        lab.write(web(f"other{turn}", f"10.96.1.{turn}"))
    done.set()
    for client in clients:
        client.join()
    assert failures == []


def test_rules_that_others_threw_away_come_back(lab: Lab) -> None:
    lab.serve(1)
    service = web()
    lab.write(service, slice_of(service, endpoint(1)))
    loads = lab.proxier.measures.loads
    lab.shell("node", "nft", "flush", "ruleset")
    began = monotonic()
    while lab.proxier.measures.loads == loads:
        assert monotonic() - began < 5
    assert lab.tcp("node", VIP, 80)[0] == "pod1"
    assert lab.proxier.healthy


def test_removal_leaves_nothing(lab: Lab) -> None:
    before = "net.ipv4.ip_forward = 1"
    assert before in lab.shell("node", "sysctl", "net.ipv4.ip_forward")
    service = exposed(**sticky(10))
    lab.write(service, slice_of(service, endpoint(1)))
    lab.remove()
    assert lab.shell("node", "nft", "list", "ruleset") == ""
    assert lab.network.bridge not in lab.shell("node", "ip", "link")
    assert "10.96" not in lab.shell("node", "ip", "route")
    assert not lab.network.conflist.exists()
    assert "net.ipv4.ip_forward = 0" in lab.shell("node", "sysctl", "net.ipv4.ip_forward")


def test_a_service_that_goes_takes_its_elements_along(lab: Lab) -> None:
    service = exposed(**sticky(10), externalTrafficPolicy="Local")
    empty = lab.shell("node", "nft", "list", "table", "inet", lab.network.name)
    slice_ = slice_of(service, endpoint(1), endpoint(2))
    lab.write(service, slice_)
    lab.delete(service, slice_)
    assert lab.shell("node", "nft", "list", "table", "inet", lab.network.name) == empty
    assert lab.proxier.measures.failures == 0


def test_endpoints_may_be_the_node_itself_as_the_api_server_is(lab: Lab) -> None:
    lab.servers.append(Server(lab.at("node"), "api", NODE))
    service = web()
    there = Endpoint(addresses=(NODE,))
    lab.write(service, slice_of(service, there))
    assert lab.tcp("pod1", VIP, 80) == ("api", "10.42.0.11")
    assert lab.tcp("node", VIP, 80)[0] == "api"
