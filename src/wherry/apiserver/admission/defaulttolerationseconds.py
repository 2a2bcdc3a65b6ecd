"""DefaultTolerationSeconds: a Pod outlives its lost node by five minutes unless it says otherwise."""

from __future__ import annotations

from typing import Any

from wherry.apiserver.admission import Review
from wherry.machinery.schema import Tree

SECONDS = 300
KEYS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def interested(review: Review) -> bool:
    call = review.call
    return call.resource.kind == "Pod" and not call.resource.group and not call.subresource


def speaks_of(toleration: dict[str, Any], key: str) -> bool:
    return toleration.get("key", "") in ("", key) and toleration.get("effect", "") in ("", "NoExecute")


def admit(tree: Tree, review: Review) -> None:
    spec = tree["spec"]
    own = spec.get("tolerations") or []
    missing = [key for key in KEYS if not any(speaks_of(toleration, key) for toleration in own)]
    if missing:
        spec["tolerations"] = own + [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}
            for key in missing
        ]
