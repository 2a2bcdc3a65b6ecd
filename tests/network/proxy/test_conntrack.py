"""Which UDP flows are stale. That the kernel forgets them is tested with the proxier."""

from __future__ import annotations

from wherry.network.proxy.conntrack import Flow, changed, stale
from wherry.network.proxy.model import Endpoint, ServicePort

DNS = ("10.96.0.10", 53)
OLD, NEW = ("10.42.0.1", 5353), ("10.42.0.2", 5353)


def dns(*endpoints: Endpoint, protocol: str = "UDP") -> ServicePort:
    return ServicePort(
        "kube-system",
        "dns",
        53,
        protocol,
        cluster_ips=("10.96.0.10",),
        node_port=30053,
        endpoints=endpoints,
    )


def test_flows_to_endpoints_that_are_gone_are_stale() -> None:
    found = changed([(dns(Endpoint(*OLD)), dns(Endpoint(*NEW)))])
    kept, gone = Flow(DNS, NEW), Flow(DNS, OLD)
    assert list(stale([kept, gone], found)) == [gone]


def test_flows_begun_before_there_was_a_service_are_stale() -> None:
    found = changed([(None, dns(Endpoint(*NEW)))])
    unchanged = Flow(DNS, DNS)
    assert list(stale([unchanged], found)) == [unchanged]


def test_what_ends_but_serves_keeps_its_flows() -> None:
    ending = Endpoint(*OLD, ready=False, serving=True, terminating=True)
    assert list(stale([Flow(DNS, OLD)], changed([(None, dns(ending))]))) == []


def test_flows_to_node_ports_are_told_by_port_and_by_being_rewritten() -> None:
    found = changed([(dns(Endpoint(*OLD)), None)])
    rewritten, other = Flow(("192.0.2.1", 30053), OLD), Flow(("192.0.2.9", 30053), ("192.0.2.9", 30053))
    assert list(stale([rewritten, other], found)) == [rewritten]


def test_tcp_does_not_matter() -> None:
    assert changed([(dns(Endpoint(*OLD), protocol="TCP"), None)]) == {}
