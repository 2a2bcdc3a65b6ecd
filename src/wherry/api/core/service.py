"""Service: one stable name and address for a changing set of Pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import Condition, Object
from wherry.machinery.schema import Atomic, Int32, IntOrString, ListMap, Merge, Part


class ClientIPConfig(Part):
    timeoutSeconds: Int32 | None = None


class PortStatus(Part):
    error: str = ""
    port: Int32 = 0
    protocol: str = ""


class LoadBalancerIngress(Part):
    hostname: str = ""
    ip: str = ""
    ipMode: str = ""
    ports: Annotated[tuple[PortStatus, ...], Atomic()] = ()


class LoadBalancerStatus(Part):
    ingress: Annotated[tuple[LoadBalancerIngress, ...], Atomic()] = ()


class ServicePort(Part):
    appProtocol: str = ""
    name: str = ""
    nodePort: Int32 | None = None
    port: Int32 = 0
    protocol: str = "TCP"
    targetPort: IntOrString | None = None


class SessionAffinityConfig(Part):
    clientIP: ClientIPConfig | None = None


class ServiceSpec(Part):
    allocateLoadBalancerNodePorts: bool | None = None
    clusterIP: str = ""
    clusterIPs: Annotated[tuple[str, ...], Atomic()] = ()
    externalIPs: Annotated[tuple[str, ...], Atomic()] = ()
    externalName: str = ""
    externalTrafficPolicy: str = ""
    healthCheckNodePort: Int32 | None = None
    internalTrafficPolicy: str = ""
    ipFamilies: Annotated[tuple[str, ...], Atomic()] = ()
    ipFamilyPolicy: str = ""
    loadBalancerClass: str = ""
    loadBalancerIP: str = ""
    loadBalancerSourceRanges: Annotated[tuple[str, ...], Atomic()] = ()
    ports: Annotated[tuple[ServicePort, ...], ListMap("port", "protocol"), Merge("merge", "port")] = ()
    publishNotReadyAddresses: bool = False
    selector: Annotated[Mapping[str, str], Atomic()] = {}
    sessionAffinity: str = "None"
    sessionAffinityConfig: SessionAffinityConfig | None = None
    trafficDistribution: str = ""
    type: str = "ClusterIP"


class ServiceStatus(Part):
    conditions: Annotated[tuple[Condition, ...], ListMap("type"), Merge("merge", "type")] = ()
    loadBalancer: LoadBalancerStatus | None = None


@resource("v1", "services")
class Service(Object):
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()
