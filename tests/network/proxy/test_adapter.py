"""From the API's objects to what the rules are made of."""

from __future__ import annotations

from wherry.api.core.service import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from wherry.api.discovery.endpointslice import (
    Endpoint,
    EndpointConditions,
    EndpointHints,
    EndpointPort,
    EndpointSlice,
    ForNode,
    ForZone,
)
from wherry.machinery.meta import ObjectMeta
from wherry.network.proxy.adapter import SERVICE_NAME, Place, service_of, service_ports

HERE = Place("n1", "z1")


def service(**spec: object) -> Service:
    ports = (ServicePort(name="http", port=80, nodePort=30080),)
    given = {"clusterIP": "10.96.0.1", "clusterIPs": ("10.96.0.1",), "ports": ports} | spec
    return Service(
        metadata=ObjectMeta(name="web", namespace="default"),
        spec=ServiceSpec(**given),  # type: ignore[arg-type]  # fields by name
    )


def slice_(*endpoints: Endpoint, name: str = "web-1", port: str = "http") -> EndpointSlice:
    return EndpointSlice(
        metadata=ObjectMeta(name=name, namespace="default", labels={SERVICE_NAME: "web"}),
        addressType="IPv4",
        endpoints=endpoints,
        ports=(EndpointPort(name=port, port=8080),),
    )


def addresses(found: Service, *slices: EndpointSlice) -> list[tuple[str, bool]]:
    (port,) = service_ports(found, slices, HERE)
    return [(each.address, each.near) for each in port.endpoints]


def test_headless_services_and_names_elsewhere_are_not_proxied() -> None:
    for spec in ({"clusterIP": "None"}, {"type": "ExternalName"}, {"clusterIP": ""}):
        assert service_ports(service(**spec), (), HERE) == ()


def test_endpoints_belong_to_the_port_of_their_name() -> None:
    one = slice_(Endpoint(addresses=("10.42.0.1",)))
    other = slice_(Endpoint(addresses=("10.42.0.2",)), name="web-2", port="metrics")
    assert addresses(service(), one, other) == [("10.42.0.1", True)]


def test_unknown_conditions_mean_ready() -> None:
    ready = Endpoint(addresses=("10.42.0.1",), nodeName="n1")
    ending = Endpoint(
        addresses=("10.42.0.2",), conditions=EndpointConditions(ready=False, serving=True, terminating=True)
    )
    (port,) = service_ports(service(), (slice_(ready, ending),), HERE)
    first, second = port.endpoints
    assert (first.ready, first.serving, first.terminating, first.local) == (True, True, False, True)
    assert (second.ready, second.serving, second.terminating, second.local) == (False, True, True, None)


def test_load_balancer_addresses_are_served_unless_the_balancer_is_a_proxy() -> None:
    ingress = (LoadBalancerIngress(ip="1.1.1.1"), LoadBalancerIngress(ip="1.1.1.2", ipMode="Proxy"))
    balanced = Service(
        metadata=ObjectMeta(name="web", namespace="default"),
        spec=service(type="LoadBalancer").spec,
        status=ServiceStatus(loadBalancer=LoadBalancerStatus(ingress=ingress)),
    )
    (port,) = service_ports(balanced, (), HERE)
    assert port.load_balancer_ips == ("1.1.1.1",)


def test_affinity_lasts_three_hours_by_default() -> None:
    (port,) = service_ports(service(sessionAffinity="ClientIP"), (), HERE)
    assert port.affinity == 10800


def test_hints_for_zones_count_if_all_ready_endpoints_have_them() -> None:
    def hinted(address: str, zone: str) -> Endpoint:
        return Endpoint(addresses=(address,), hints=EndpointHints(forZones=(ForZone(name=zone),)))

    near, far = hinted("10.42.0.1", "z1"), hinted("10.42.0.2", "z2")
    assert addresses(service(), slice_(near, far)) == [("10.42.0.1", True), ("10.42.0.2", False)]
    plain = Endpoint(addresses=("10.42.0.3",))
    assert all(is_near for _, is_near in addresses(service(), slice_(near, far, plain)))
    assert all(is_near for _, is_near in addresses(service(), slice_(far)))


def test_hints_for_nodes_come_before_those_for_zones() -> None:
    both = [
        Endpoint(
            addresses=(f"10.42.0.{number}",),
            hints=EndpointHints(forNodes=(ForNode(name=f"n{number}"),), forZones=(ForZone(name="z1"),)),
        )
        for number in (1, 2)
    ]
    assert addresses(service(), slice_(*both)) == [("10.42.0.1", True), ("10.42.0.2", False)]


def test_slices_without_a_service_or_for_another_proxy_are_not_ours() -> None:
    assert service_of(slice_()) == ("default", "web")
    assert service_of(EndpointSlice(metadata=ObjectMeta(name="x", namespace="default"))) is None
