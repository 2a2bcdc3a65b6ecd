"""Service validation: what a Service may say, and what of it may change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wherry.api.core.probevalidation import validate_port_or_name
from wherry.api.rules import IMMUTABLE
from wherry.machinery.addresses import check_cidr, check_ip
from wherry.machinery.errors import FieldError, duplicate, forbidden, invalid, required
from wherry.machinery.labels import validate_labels
from wherry.machinery.names import check_label, check_port, check_qualified_name, check_subdomain

if TYPE_CHECKING:
    from wherry.api.core.service import Service, ServicePort, ServiceSpec  # which imports this module

HEADLESS = "None"
LONGEST_AFFINITY_SECONDS = 86400
ONLY_BALANCED_LOCALLY = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"


def validate(new: Service, old: Service | None) -> Iterator[FieldError]:
    if old is not None and new.spec == old.spec:
        return
    spec = new.spec
    yield from _validate_type(spec)
    yield from _validate_ports(spec)
    yield from validate_labels(spec.selector, "spec.selector")
    yield from _validate_affinity(spec)
    yield from _validate_addresses(spec)
    yield from _validate_outside(spec)
    if old is not None:
        yield from _validate_update(spec, old.spec)


def _validate_type(spec: ServiceSpec) -> Iterator[FieldError]:
    if spec.type == "ExternalName":
        if spec.clusterIPs:
            yield forbidden("spec.clusterIPs", "may not be set for ExternalName services")
        elif spec.clusterIP:
            yield forbidden("spec.clusterIP", "may not be set for ExternalName services")
        for field in ("ipFamilies", "ipFamilyPolicy"):
            if getattr(spec, field):
                yield forbidden(f"spec.{field}", "may not be set for ExternalName services")
        if not spec.externalName:
            yield required("spec.externalName")
        for problem in check_subdomain(spec.externalName.removesuffix(".")) if spec.externalName else ():
            yield invalid("spec.externalName", spec.externalName, problem)
        return
    if not spec.ports and spec.clusterIP != HEADLESS:
        yield required("spec.ports")
    if spec.type in ("NodePort", "LoadBalancer") and HEADLESS in (spec.clusterIP, *spec.clusterIPs[:1]):
        detail = f"may not be set to 'None' for {spec.type} services"
        yield invalid("spec.clusterIPs[0]", HEADLESS, detail)


def _validate_ports(spec: ServiceSpec) -> Iterator[FieldError]:
    names: set[str] = set()
    seen: set[tuple[str, int]] = set()
    node_ports: set[tuple[str, int]] = set()
    for index, port in enumerate(spec.ports):
        where = f"spec.ports[{index}]"
        yield from _validate_port(port, where, named=len(spec.ports) > 1, names=names)
        if (port.protocol, port.port) in seen:
            yield duplicate(where, {"protocol": port.protocol, "port": port.port})
        seen.add((port.protocol, port.port))
        if not port.nodePort:
            continue
        if spec.type in ("ClusterIP", "ExternalName"):
            detail = f"may not be used when `type` is '{spec.type}'"
            yield forbidden(f"{where}.nodePort", detail)
        elif (port.protocol, port.nodePort) in node_ports:
            yield duplicate(f"{where}.nodePort", {"protocol": port.protocol, "port": port.nodePort})
        node_ports.add((port.protocol, port.nodePort))


def _validate_port(port: ServicePort, path: str, *, named: bool, names: set[str]) -> Iterator[FieldError]:
    if not port.name:
        if named:
            yield required(f"{path}.name")
    else:
        for problem in check_label(port.name):
            yield invalid(f"{path}.name", port.name, problem)
        if port.name in names:
            yield duplicate(f"{path}.name", port.name)
        names.add(port.name)
    for problem in check_port(port.port):
        yield invalid(f"{path}.port", port.port, problem)
    if not port.protocol:
        yield required(f"{path}.protocol")
    yield from validate_port_or_name(port.targetPort, f"{path}.targetPort")
    if port.appProtocol:
        for problem in check_qualified_name(port.appProtocol):
            yield invalid(f"{path}.appProtocol", port.appProtocol, problem)


def _validate_affinity(spec: ServiceSpec) -> Iterator[FieldError]:
    config = spec.sessionAffinityConfig
    path = "spec.sessionAffinityConfig"
    if spec.sessionAffinity == "ClientIP":
        seconds = (
            config.clientIP.timeoutSeconds if config is not None and config.clientIP is not None else None
        )
        if seconds is None:
            yield required(f"{path}.clientIP.timeoutSeconds")
        elif not 0 < seconds <= LONGEST_AFFINITY_SECONDS:
            detail = f"must be greater than 0 and less than {LONGEST_AFFINITY_SECONDS}"
            yield invalid(f"{path}.clientIP.timeoutSeconds", seconds, detail)
    elif config is not None:
        detail = "must not be set when session affinity is None"
        yield forbidden(path, detail)


def _validate_addresses(spec: ServiceSpec) -> Iterator[FieldError]:
    if spec.type == "ExternalName":
        return
    if spec.clusterIP and not spec.clusterIPs:
        for problem in _cluster_ip(spec.clusterIP):
            yield invalid("spec.clusterIP", spec.clusterIP, problem)
    if spec.clusterIPs and spec.clusterIP != spec.clusterIPs[0]:
        yield invalid("spec.clusterIPs", spec.clusterIPs, "first value must match `clusterIP`")
    for index, address in enumerate(spec.clusterIPs):
        if address == HEADLESS and len(spec.clusterIPs) > 1:
            detail = "'None' must be the first and only value"
            yield invalid("spec.clusterIPs", spec.clusterIPs, detail)
        for problem in _cluster_ip(address):
            yield invalid(f"spec.clusterIPs[{index}]", address, problem)
    if len(spec.clusterIPs) > 2:
        yield invalid("spec.clusterIPs", spec.clusterIPs, "may only hold up to 2 values")
    if len(set(spec.ipFamilies)) < len(spec.ipFamilies):
        yield duplicate("spec.ipFamilies", spec.ipFamilies[-1])


def _cluster_ip(address: str) -> list[str]:
    return [] if address == HEADLESS else check_ip(address)


def _validate_outside(spec: ServiceSpec) -> Iterator[FieldError]:
    for index, address in enumerate(spec.externalIPs):
        for problem in check_ip(address):
            yield invalid(f"spec.externalIPs[{index}]", address, problem)
    outside = spec.type in ("NodePort", "LoadBalancer") or (spec.type == "ClusterIP" and spec.externalIPs)
    if spec.externalTrafficPolicy and not outside:
        detail = "may only be set for externally-accessible services"
        yield invalid("spec.externalTrafficPolicy", spec.externalTrafficPolicy, detail)
    balanced = spec.type == "LoadBalancer"
    if spec.healthCheckNodePort and not (balanced and spec.externalTrafficPolicy == "Local"):
        yield invalid("spec.healthCheckNodePort", spec.healthCheckNodePort, ONLY_BALANCED_LOCALLY)
    if balanced:
        for index, network in enumerate(spec.loadBalancerSourceRanges):
            for problem in check_cidr(network.strip()):
                yield invalid(f"spec.loadBalancerSourceRanges[{index}]", network, problem)
        if spec.allocateLoadBalancerNodePorts is None:
            yield required("spec.allocateLoadBalancerNodePorts")
        for problem in check_qualified_name(spec.loadBalancerClass) if spec.loadBalancerClass else ():
            yield invalid("spec.loadBalancerClass", spec.loadBalancerClass, problem)
        return
    if spec.loadBalancerSourceRanges:
        yield forbidden("spec.LoadBalancerSourceRanges", "may only be used when `type` is 'LoadBalancer'")
    if spec.allocateLoadBalancerNodePorts is not None:
        yield forbidden(
            "spec.allocateLoadBalancerNodePorts", "may only be used when `type` is 'LoadBalancer'"
        )
    if spec.loadBalancerClass:
        yield forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'")


def _validate_update(new: ServiceSpec, old: ServiceSpec) -> Iterator[FieldError]:
    if "ExternalName" not in (new.type, old.type):
        if old.clusterIPs and not new.clusterIPs:
            yield invalid("spec.clusterIPs[0]", new.clusterIPs, "primary clusterIP can not be unset")
        elif old.clusterIPs and new.clusterIPs[0] != old.clusterIPs[0]:
            yield invalid("spec.clusterIPs[0]", new.clusterIPs, "may not change once set")
        if len(old.clusterIPs) > 1 and len(new.clusterIPs) == 1 and new.ipFamilyPolicy != "SingleStack":
            detail = "must be set to 'SingleStack' when releasing the secondary clusterIP"
            yield invalid("spec.ipFamilyPolicy", new.ipFamilyPolicy, detail)
    if new.type == old.type == "LoadBalancer":
        if new.loadBalancerClass != old.loadBalancerClass:
            yield forbidden("spec.loadBalancerClass", "may not change once set")
        if (
            new.externalTrafficPolicy == old.externalTrafficPolicy == "Local"
            and old.healthCheckNodePort
            and new.healthCheckNodePort != old.healthCheckNodePort
        ):
            yield forbidden("spec.healthCheckNodePort", IMMUTABLE)
