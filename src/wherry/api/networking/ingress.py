"""Ingress: HTTP routes from outside to Services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NAME, NONE, column, first_of
from wherry.api.core.reference import TypedLocalObjectReference
from wherry.api.registry import resource
from wherry.machinery.addresses import check_ip
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import (
    check_label,
    check_port,
    check_port_name,
    check_subdomain,
    check_wildcard_subdomain,
)
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


CLASS_ANNOTATION = "kubernetes.io/ingress.class"


def _validate_backend(backend: IngressBackend, path: str) -> Iterator[FieldError]:
    service, other = backend.service, backend.resource
    if service is not None and other is not None:
        yield invalid(path, "", "cannot set both resource and service backends")
    elif service is not None:
        if not service.name:
            yield required(f"{path}.service.name")
        else:
            for problem in check_label(service.name):
                yield invalid(f"{path}.service.name", service.name, problem)
        port = service.port or ServiceBackendPort()
        if port.name and port.number:
            yield invalid(path, "", "cannot set both port name & port number")
        elif port.name:
            for problem in check_port_name(port.name):
                yield invalid(f"{path}.service.port.name", port.name, problem)
        elif not port.number:
            yield required(path, "port name or number is required")
        else:
            for problem in check_port(port.number):
                yield invalid(f"{path}.service.port.number", port.number, problem)
    elif other is not None:
        for field in ("kind", "name"):
            if not getattr(other, field):
                yield required(f"{path}.resource.{field}")
    else:
        yield required(path, "resource or service backend is required")


def _validate_path(entry: HTTPIngressPath, path: str) -> Iterator[FieldError]:
    if not entry.pathType:
        yield required(f"{path}.pathType", "pathType must be specified")
    elif entry.pathType in ("Exact", "Prefix") and not entry.path.startswith("/"):
        yield invalid(f"{path}.path", entry.path, "must be an absolute path")
    elif entry.pathType in ("Exact", "Prefix"):
        for sequence in ("//", "/./", "/../", "%2f", "%2F"):
            if sequence in entry.path:
                yield invalid(f"{path}.path", entry.path, f"must not contain '{sequence}'")
    elif entry.path and not entry.path.startswith("/"):
        yield invalid(f"{path}.path", entry.path, "must be an absolute path")
    yield from _validate_backend(entry.backend, f"{path}.backend")


def _validate_host(host: str, path: str) -> Iterator[FieldError]:
    if not check_ip(host):
        yield invalid(path, host, "must be a DNS name, not an IP address")
    elif "*" in host:
        for problem in check_wildcard_subdomain(host):
            yield invalid(path, host, problem)
    else:
        for problem in check_subdomain(host):
            yield invalid(path, host, problem)


def validate(new: Ingress, old: Ingress | None) -> Iterator[FieldError]:
    spec = new.spec
    if not spec.rules and spec.defaultBackend is None:
        yield invalid("spec", [], "either `defaultBackend` or `rules` must be specified")
    if spec.defaultBackend is not None:
        yield from _validate_backend(spec.defaultBackend, "spec.defaultBackend")
    for index, rule in enumerate(spec.rules):
        where = f"spec.rules[{index}]"
        if rule.host:
            yield from _validate_host(rule.host, f"{where}.host")
        if rule.http is None:
            continue
        if not rule.http.paths:
            yield required(f"{where}.http.paths")
        for at, entry in enumerate(rule.http.paths):
            yield from _validate_path(entry, f"{where}.http.paths[{at}]")
    for index, tls in enumerate(spec.tls):
        for at, host in enumerate(tls.hosts):
            check = check_wildcard_subdomain if "*" in host else check_subdomain
            for problem in check(host):
                yield invalid(f"spec.tls[{index}].hosts[{at}]", host, problem)
    for problem in check_subdomain(spec.ingressClassName) if spec.ingressClassName else ():
        yield invalid("spec.ingressClassName", spec.ingressClassName, problem)
    annotation = new.metadata.annotations.get(CLASS_ANNOTATION)
    if old is None and annotation and spec.ingressClassName and annotation != spec.ingressClassName:
        detail = "must match `ingressClassName` when both are specified"
        yield invalid(f"annotations.{CLASS_ANNOTATION}", annotation, detail)


@resource(
    "networking.k8s.io/v1",
    "ingresses",
    validate=validate,
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
