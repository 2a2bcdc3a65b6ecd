"""Service: one stable name and address for a changing set of Pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, NONE, column, labels_text, wide
from wherry.api.core.servicevalidation import validate
from wherry.api.registry import resource
from wherry.machinery.meta import Condition, Object
from wherry.machinery.schema import Atomic, Int32, IntOrString, ListMap, Merge, OneOf, Part, Tree


class ClientIPConfig(Part):
    timeoutSeconds: Int32 | None = None


class PortStatus(Part):
    error: str = ""
    port: Int32 = 0
    protocol: str = ""


class LoadBalancerIngress(Part):
    hostname: str = ""
    ip: str = ""
    ipMode: Annotated[str, OneOf("Proxy", "VIP")] = ""
    ports: Annotated[tuple[PortStatus, ...], Atomic()] = ()


class LoadBalancerStatus(Part):
    ingress: Annotated[tuple[LoadBalancerIngress, ...], Atomic()] = ()


class ServicePort(Part):
    appProtocol: str = ""
    name: str = ""
    nodePort: Int32 | None = None
    port: Int32 = 0
    protocol: Annotated[str, OneOf("SCTP", "TCP", "UDP")] = "TCP"
    targetPort: IntOrString | None = None

    @staticmethod
    def complete(tree: Tree) -> None:
        if not tree.get("targetPort"):
            tree["targetPort"] = tree.get("port", 0)


class SessionAffinityConfig(Part):
    clientIP: ClientIPConfig | None = None


class ServiceSpec(Part):
    allocateLoadBalancerNodePorts: bool | None = None
    clusterIP: str = ""
    clusterIPs: Annotated[tuple[str, ...], Atomic()] = ()
    externalIPs: Annotated[tuple[str, ...], Atomic()] = ()
    externalName: str = ""
    externalTrafficPolicy: Annotated[str, OneOf("Cluster", "Local")] = ""
    healthCheckNodePort: Int32 | None = None
    internalTrafficPolicy: Annotated[str, OneOf("Cluster", "Local")] = ""
    ipFamilies: Annotated[tuple[Annotated[str, OneOf("IPv4", "IPv6")], ...], Atomic()] = ()
    ipFamilyPolicy: Annotated[str, OneOf("PreferDualStack", "RequireDualStack", "SingleStack")] = ""
    loadBalancerClass: str = ""
    loadBalancerIP: str = ""
    loadBalancerSourceRanges: Annotated[tuple[str, ...], Atomic()] = ()
    ports: Annotated[tuple[ServicePort, ...], ListMap("port", "protocol"), Merge("merge", "port")] = ()
    publishNotReadyAddresses: bool = False
    selector: Annotated[Mapping[str, str], Atomic()] = {}
    sessionAffinity: Annotated[str, OneOf("ClientIP", "None")] = "None"
    sessionAffinityConfig: SessionAffinityConfig | None = None
    trafficDistribution: Annotated[str, OneOf("PreferClose", "PreferSameNode", "PreferSameZone")] = ""
    type: Annotated[str, OneOf("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")] = "ClusterIP"

    @staticmethod
    def complete(tree: Tree) -> None:
        if tree["sessionAffinity"] == "None":
            tree.pop("sessionAffinityConfig", None)
        elif tree["sessionAffinity"] == "ClientIP":
            client = tree.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
            client.setdefault("timeoutSeconds", CLIENT_IP_SECONDS)
        kind = tree["type"]
        outside = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and tree.get("externalIPs"))
        if outside and not tree.get("externalTrafficPolicy"):
            tree["externalTrafficPolicy"] = "Cluster"
        if kind in ("ClusterIP", "NodePort", "LoadBalancer") and not tree.get("internalTrafficPolicy"):
            tree["internalTrafficPolicy"] = "Cluster"
        if kind == "LoadBalancer":
            tree.setdefault("allocateLoadBalancerNodePorts", True)


CLIENT_IP_SECONDS = 3 * 3600


class ServiceStatus(Part):
    conditions: Annotated[tuple[Condition, ...], ListMap("type"), Merge("merge", "type")] = ()
    loadBalancer: LoadBalancerStatus | None = None


def _external(service: Service) -> str:
    spec = service.spec
    if spec.type == "ExternalName":
        return spec.externalName
    if spec.type != "LoadBalancer":
        return ",".join(spec.externalIPs) or NONE
    balancer = service.status.loadBalancer
    found = (
        sorted({entry.ip or entry.hostname for entry in balancer.ingress if entry.ip or entry.hostname})
        if balancer
        else []
    )
    return ",".join([*found, *spec.externalIPs]) or "<pending>"


def _ports(service: Service) -> str:
    return (
        ",".join(
            f"{port.port}:{port.nodePort}/{port.protocol}"
            if port.nodePort
            else f"{port.port}/{port.protocol}"
            for port in service.spec.ports
        )
        or NONE
    )


def prepare(tree: Tree, old: Tree | None) -> None:
    """A new Service has no address of a load balancer; one address field says the same as the first of the other."""
    if old is None:
        tree["status"] = {"loadBalancer": {}}


@resource(
    "v1",
    "services",
    prepare=prepare,
    validate=validate,
    selectable={
        "spec.clusterIP": lambda service: service.spec.clusterIP,
        "spec.type": lambda service: service.spec.type,
    },
    columns=(
        NAME,
        column("Type", lambda service: service.spec.type),
        column("Cluster-IP", lambda service: service.spec.clusterIPs[0] if service.spec.clusterIPs else NONE),
        column("External-IP", _external),
        column("Port(s)", _ports),
        AGE,
        wide("Selector", lambda service: labels_text(service.spec.selector)),
    ),
    create_on_update=True,
)
class Service(Object):
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()

    @staticmethod
    def complete(tree: Tree) -> None:
        if (tree.get("spec") or {}).get("type") == "LoadBalancer":
            balancer = (tree.get("status") or {}).get("loadBalancer") or {}
            for entry in balancer.get("ingress") or ():
                if entry.get("ip") and not entry.get("ipMode"):
                    entry["ipMode"] = "VIP"
