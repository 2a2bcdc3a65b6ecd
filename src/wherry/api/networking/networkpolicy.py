"""NetworkPolicy: which traffic to and from Pods is allowed."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.meta import LabelSelector, Object
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


@resource(
    "networking.k8s.io/v1",
    "networkpolicies",
    columns=(
        NAME,
        column("Pod-Selector", lambda policy: format_label_selector(policy.spec.podSelector or {})),
        AGE,
    ),
    generation=True,
)
class NetworkPolicy(Object):
    spec: NetworkPolicySpec = NetworkPolicySpec()
