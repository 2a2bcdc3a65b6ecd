"""TaintNodesByCondition: a new Node takes no Pods until the node lifecycle controller has seen it Ready."""

from __future__ import annotations

from wherry.apiserver.admission import Review
from wherry.machinery.schema import Tree

TAINT = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def interested(review: Review) -> bool:
    call = review.call
    return call.resource.kind == "Node" and review.operation == "CREATE" and not call.subresource


def admit(tree: Tree, review: Review) -> None:
    taints = tree.setdefault("spec", {}).setdefault("taints", [])
    if not any(t.get("key") == TAINT["key"] and t.get("effect") == TAINT["effect"] for t in taints):
        taints.append(dict(TAINT))
