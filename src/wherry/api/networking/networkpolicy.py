"""NetworkPolicy: which traffic to and from Pods is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.addresses import check_cidr
from wherry.machinery.errors import FieldError, forbidden, invalid, required
from wherry.machinery.labels import validate_label_selector
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.names import check_port, check_port_name
from wherry.machinery.schema import Atomic, Int32, IntOrString, OneOf, Part, Tree
from wherry.machinery.selectors import format_label_selector


class IPBlock(Part, rename={"except_": "except"}):
    cidr: str = ""
    except_: Annotated[tuple[str, ...], Atomic()] = ()


class NetworkPolicyPeer(Part):
    ipBlock: IPBlock | None = None
    namespaceSelector: LabelSelector | None = None
    podSelector: LabelSelector | None = None


class NetworkPolicyPort(Part):
    endPort: Int32 | None = None
    port: IntOrString | None = None
    protocol: Annotated[str, OneOf("SCTP", "TCP", "UDP")] = "TCP"


class NetworkPolicyEgressRule(Part):
    ports: Annotated[tuple[NetworkPolicyPort, ...], Atomic()] = ()
    to: Annotated[tuple[NetworkPolicyPeer, ...], Atomic()] = ()


class NetworkPolicyIngressRule(Part, rename={"from_": "from"}):
    from_: Annotated[tuple[NetworkPolicyPeer, ...], Atomic()] = ()
    ports: Annotated[tuple[NetworkPolicyPort, ...], Atomic()] = ()


class NetworkPolicySpec(Part):
    egress: Annotated[tuple[NetworkPolicyEgressRule, ...], Atomic()] = ()
    ingress: Annotated[tuple[NetworkPolicyIngressRule, ...], Atomic()] = ()
    podSelector: LabelSelector | None = None
    policyTypes: Annotated[tuple[Annotated[str, OneOf("Ingress", "Egress")], ...], Atomic()] = ()

    @staticmethod
    def complete(tree: Tree) -> None:
        if not tree.get("policyTypes"):
            tree["policyTypes"] = ["Ingress", "Egress"] if tree.get("egress") else ["Ingress"]


def _validate_block(block: IPBlock, path: str) -> Iterator[FieldError]:
    if not block.cidr:
        yield required(f"{path}.cidr")
        return
    if problems := check_cidr(block.cidr):
        for problem in problems:
            yield invalid(f"{path}.cidr", block.cidr, problem)
        return
    network = ip_network(block.cidr, strict=False)
    for index, text in enumerate(block.except_):
        where = f"{path}.except[{index}]"
        if problems := check_cidr(text):
            for problem in problems:
                yield invalid(where, text, problem)
            continue
        part = ip_network(text, strict=False)
        inside = part.version == network.version and part.network_address in network
        if not inside or part.prefixlen <= network.prefixlen:
            yield invalid(where, text, "must be a strict subset of `cidr`")


def _validate_peer(peer: NetworkPolicyPeer, path: str) -> Iterator[FieldError]:
    others = peer.podSelector is not None or peer.namespaceSelector is not None
    if peer.ipBlock is None and not others:
        yield required(path, "must specify a peer")
    elif peer.ipBlock is not None and others:
        yield forbidden(path, "may not specify both ipBlock and another peer")
    elif peer.ipBlock is not None:
        yield from _validate_block(peer.ipBlock, f"{path}.ipBlock")
    yield from validate_label_selector(peer.podSelector, f"{path}.podSelector")
    yield from validate_label_selector(peer.namespaceSelector, f"{path}.namespaceSelector")


def _validate_port(port: NetworkPolicyPort, path: str) -> Iterator[FieldError]:
    if port.port is None:
        if port.endPort is not None:
            yield required(f"{path}.port", "must be specified when `endPort` is specified")
        return
    for problem in check_port(port.port) if isinstance(port.port, int) else check_port_name(port.port):
        yield invalid(f"{path}.port", port.port, problem)
    if port.endPort is None:
        return
    if isinstance(port.port, str):
        yield required(f"{path}.port", "must be a numeric port when `endPort` is specified")
        return
    for problem in check_port(port.endPort):
        yield invalid(f"{path}.endPort", port.endPort, problem)
    if port.endPort < port.port:
        yield invalid(f"{path}.endPort", port.endPort, "must be greater than or equal to `port`")


def validate(new: NetworkPolicy, old: NetworkPolicy | None) -> Iterator[FieldError]:
    spec = new.spec
    yield from validate_label_selector(spec.podSelector, "spec.podSelector")
    for index, ingress in enumerate(spec.ingress):
        for at, port in enumerate(ingress.ports):
            yield from _validate_port(port, f"spec.ingress[{index}].ports[{at}]")
        for at, peer in enumerate(ingress.from_):
            yield from _validate_peer(peer, f"spec.ingress[{index}].from[{at}]")
    for index, egress in enumerate(spec.egress):
        for at, port in enumerate(egress.ports):
            yield from _validate_port(port, f"spec.egress[{index}].ports[{at}]")
        for at, peer in enumerate(egress.to):
            yield from _validate_peer(peer, f"spec.egress[{index}].to[{at}]")
    if len(spec.policyTypes) > 2:
        detail = "may not specify more than two policyTypes"
        yield invalid("spec.policyTypes", spec.policyTypes, detail)


@resource(
    "networking.k8s.io/v1",
    "networkpolicies",
    validate=validate,
    columns=(
        NAME,
        column("Pod-Selector", lambda policy: format_label_selector(policy.spec.podSelector or {})),
        AGE,
    ),
    generation=True,
)
class NetworkPolicy(Object):
    spec: NetworkPolicySpec = NetworkPolicySpec()
