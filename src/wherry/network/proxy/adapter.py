"""Adapter: Services and EndpointSlices, as the API has them, for the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from wherry.api.core.service import Service
from wherry.api.core.service import ServicePort as ApiPort
from wherry.api.discovery import endpointslice as api
from wherry.network.proxy.model import Endpoint, ServicePort

SERVICE_NAME = "kubernetes.io/service-name"
OTHER_PROXY = "service.kubernetes.io/service-proxy-name"
HEADLESS = "service.kubernetes.io/headless"
AFFINITY = 10800  # seconds, where a Service does not say


@dataclass(frozen=True, slots=True)
class Place:
    """Where the proxy runs: what decides which endpoints are local, and which are near."""

    node: str
    zone: str = ""


def is_proxied(service: Service) -> bool:
    """Whether there is an address to serve, and no other proxy was asked to do it."""
    return (
        service.spec.type != "ExternalName"
        and service.spec.clusterIP not in ("", "None")
        and not {OTHER_PROXY, HEADLESS} & service.metadata.labels.keys()
    )


def service_of(slice_: api.EndpointSlice) -> tuple[str, str] | None:
    """Namespace and name of the Service whose endpoints these are."""
    name = slice_.metadata.labels.get(SERVICE_NAME, "")
    ours = name and not {OTHER_PROXY, HEADLESS} & slice_.metadata.labels.keys()
    return (slice_.metadata.namespace, name) if ours else None


def service_ports(
    service: Service, slices: Iterable[api.EndpointSlice], place: Place
) -> tuple[ServicePort, ...]:
    """The Service's ports with their endpoints; none if it is not ours to serve."""
    if not is_proxied(service):
        return ()
    slices = tuple(sorted(slices, key=lambda each: each.metadata.name))
    whole = _without_ports(service)
    return tuple(
        replace(
            whole,
            port=port.port,
            protocol=port.protocol,
            node_port=port.nodePort or 0,
            endpoints=_near(tuple(_endpoints(slices, port, place)), slices, place),
        )
        for port in service.spec.ports
    )


def _without_ports(service: Service) -> ServicePort:
    spec = service.spec
    return ServicePort(
        namespace=service.metadata.namespace,
        name=service.metadata.name,
        port=0,
        created=service.metadata.creationTimestamp,
        cluster_ips=_addresses(spec.clusterIPs or (spec.clusterIP,)),
        external_ips=_addresses(spec.externalIPs),
        load_balancer_ips=_addresses(_load_balancer_ips(service)),
        source_ranges=tuple(each.strip() for each in spec.loadBalancerSourceRanges),
        affinity=_affinity(service),
        internal_local=spec.internalTrafficPolicy == "Local",
        external_local=spec.externalTrafficPolicy == "Local",
    )


def _addresses(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(_canonical, texts))


def _canonical(address: str) -> str:
    """As the kernel writes it. IPv4 addresses can be written in one way only."""
    return str(ip_address(address)) if ":" in address else address


def _load_balancer_ips(service: Service) -> Iterator[str]:
    """Those for which the load balancer leaves the packet's destination as it is."""
    balancer = service.status.loadBalancer
    if service.spec.type != "LoadBalancer" or balancer is None:
        return
    for ingress in balancer.ingress:
        if ingress.ip and ingress.ipMode != "Proxy":
            yield ingress.ip


def _affinity(service: Service) -> int:
    if service.spec.sessionAffinity != "ClientIP":
        return 0
    config = service.spec.sessionAffinityConfig
    seconds = config.clientIP.timeoutSeconds if config is not None and config.clientIP is not None else None
    return seconds or AFFINITY


def _endpoints(slices: Iterable[api.EndpointSlice], port: ApiPort, place: Place) -> Iterator[Endpoint]:
    for slice_ in slices:
        if slice_.addressType == "FQDN":
            continue
        for number in _numbers(slice_, port):
            for each in slice_.endpoints:
                if each.addresses:
                    yield _endpoint(each, number, place)


def _numbers(slice_: api.EndpointSlice, port: ApiPort) -> Iterator[int]:
    """The endpoints' port for a Service's port: they have one name."""
    for each in slice_.ports:
        if each.name == port.name and each.protocol == port.protocol and each.port:
            yield each.port


def _endpoint(each: api.Endpoint, port: int, place: Place) -> Endpoint:
    """Unknown conditions: ready unless said otherwise, serving as it is ready, not terminating."""
    conditions = each.conditions or api.EndpointConditions()
    ready = conditions.ready is not False
    return Endpoint(
        address=_canonical(each.addresses[0]),
        port=port,
        ready=ready,
        serving=ready if conditions.serving is None else conditions.serving,
        terminating=bool(conditions.terminating),
        local=each.nodeName == place.node if each.nodeName else None,
    )


def _near(
    endpoints: tuple[Endpoint, ...], slices: Sequence[api.EndpointSlice], place: Place
) -> tuple[Endpoint, ...]:
    """Mark those meant for other nodes or zones, if hints say so for all that are ready."""
    ready = {each.address for each in endpoints if each.ready}
    nodes: dict[str, frozenset[str]] = {}
    zones: dict[str, frozenset[str]] = {}
    for slice_ in slices:
        for each in slice_.endpoints:
            if each.hints is not None and each.addresses:
                address = _canonical(each.addresses[0])
                nodes[address] = frozenset(hint.name for hint in each.hints.forNodes)
                zones[address] = frozenset(hint.name for hint in each.hints.forZones)
    for hints, here in ((nodes, place.node), (zones, place.zone)):
        hinted = here and ready and all(hints.get(address) for address in ready)
        near = frozenset(address for address, names in hints.items() if here in names)
        if hinted and near & ready:
            return tuple(replace(each, near=each.address in near) for each in endpoints)
    return endpoints
