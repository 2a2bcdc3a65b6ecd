"""NetworkPolicy: which traffic to and from Pods is allowed."""

from __future__ import annotations

from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Atomic, Int32, IntOrString, Part


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
    protocol: str = "TCP"


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
    policyTypes: Annotated[tuple[str, ...], Atomic()] = ()


@resource("networking.k8s.io/v1", "networkpolicies")
class NetworkPolicy(Object):
    spec: NetworkPolicySpec = NetworkPolicySpec()
