"""Ingress: HTTP routes from outside to Services."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NAME, NONE, column, first_of
from wherry.api.core.reference import TypedLocalObjectReference
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int32, OneOf, Part, Tree, atomic


@atomic
class ServiceBackendPort(Part):
    name: str = ""
    number: Int32 | None = None


class IngressServiceBackend(Part):
    name: str = ""
    port: ServiceBackendPort | None = None


class IngressBackend(Part):
    resource: TypedLocalObjectReference | None = None
    service: IngressServiceBackend | None = None


class HTTPIngressPath(Part):
    backend: IngressBackend = IngressBackend()
    path: str = ""
    pathType: Annotated[str, OneOf("Exact", "ImplementationSpecific", "Prefix")] = ""


class HTTPIngressRuleValue(Part):
    paths: Annotated[tuple[HTTPIngressPath, ...], Atomic()] = ()


class IngressPortStatus(Part):
    error: str = ""
    port: Int32 = 0
    protocol: str = ""


class IngressLoadBalancerIngress(Part):
    hostname: str = ""
    ip: str = ""
    ports: Annotated[tuple[IngressPortStatus, ...], Atomic()] = ()


class IngressLoadBalancerStatus(Part):
    ingress: Annotated[tuple[IngressLoadBalancerIngress, ...], Atomic()] = ()


class IngressRule(Part):
    host: str = ""
    http: HTTPIngressRuleValue | None = None


class IngressTLS(Part):
    hosts: Annotated[tuple[str, ...], Atomic()] = ()
    secretName: str = ""


class IngressSpec(Part):
    defaultBackend: IngressBackend | None = None
    ingressClassName: str = ""
    rules: Annotated[tuple[IngressRule, ...], Atomic()] = ()
    tls: Annotated[tuple[IngressTLS, ...], Atomic()] = ()


class IngressStatus(Part):
    loadBalancer: IngressLoadBalancerStatus | None = None


def _hosts(ingress: Ingress) -> str:
    return first_of((rule.host for rule in ingress.spec.rules if rule.host), missing="*")


def _address(ingress: Ingress) -> str:
    balancer = ingress.status.loadBalancer
    if balancer is None:
        return ""
    return ",".join(sorted({entry.ip or entry.hostname for entry in balancer.ingress} - {""}))


def prepare(tree: Tree, old: Tree | None) -> None:
    if old is None:
        tree["status"] = {"loadBalancer": {}}


@resource(
    "networking.k8s.io/v1",
    "ingresses",
    prepare=prepare,
    columns=(
        NAME,
        column("Class", lambda ingress: ingress.spec.ingressClassName or NONE),
        column("Hosts", _hosts),
        column("Address", _address),
        column("Ports", lambda ingress: "80, 443" if ingress.spec.tls else "80"),
        AGE,
    ),
    generation=True,
)
class Ingress(Object):
    spec: IngressSpec = IngressSpec()
    status: IngressStatus = IngressStatus()
