"""ServiceAccount: every Pod runs as one, and finds its token where clients look for it."""

from __future__ import annotations

from typing import Any

from wherry.api.core.serviceaccount import ServiceAccount
from wherry.api.registry import resource_for
from wherry.apiserver.admission import Review
from wherry.machinery.errors import Forbidden
from wherry.machinery.schema import Tree

MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
VOLUME_PREFIX = "kube-api-access-"
TOKEN_SECONDS = 3607  # a number of its own, by which the API server knows tokens that Pods mount
MODE = 0o644


def interested(review: Review) -> bool:
    call = review.call
    return (
        call.resource.kind == "Pod"
        and not call.resource.group
        and not call.subresource
        and review.operation == "CREATE"
        # A mirror of a Pod that a node runs on its own has no account.
        and "kubernetes.io/config.mirror" not in ((review.tree or {})["metadata"].get("annotations") or {})
    )


def admit(tree: Tree, review: Review) -> None:
    spec = tree["spec"]
    name = spec.setdefault("serviceAccountName", "") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    entry = review.hub.cache(resource_for(ServiceAccount)).get(f"{review.call.namespace}/{name}")
    if entry is None:
        raise _forbidden(
            review,
            f"error looking up service account {review.call.namespace}/{name}: "
            f'serviceaccount "{name}" not found',
        )
    account: ServiceAccount = entry.typed
    if not spec.get("imagePullSecrets") and account.imagePullSecrets:
        spec["imagePullSecrets"] = [{"name": secret.name} for secret in account.imagePullSecrets]
    if _wants_token(spec, account):
        _mount_token(spec, review)


def _wants_token(spec: dict[str, Any], account: ServiceAccount) -> bool:
    for says in (spec.get("automountServiceAccountToken"), account.automountServiceAccountToken):
        if says is not None:
            return bool(says)
    return True


def _mount_token(spec: dict[str, Any], review: Review) -> None:
    containers = [*(spec.get("initContainers") or ()), *spec.get("containers", ())]
    without = [
        c for c in containers if all(m.get("mountPath") != MOUNT_PATH for m in c.get("volumeMounts") or ())
    ]
    if not without:
        return
    volumes = spec.setdefault("volumes", [])
    volume = next((v["name"] for v in volumes if v["name"].startswith(VOLUME_PREFIX)), "")
    if not volume:
        volume = VOLUME_PREFIX + review.clock.suffix()
        volumes.append({"name": volume, "projected": _projected()})
    for container in without:
        mounts = container.setdefault("volumeMounts", [])
        mounts.append({"name": volume, "readOnly": True, "mountPath": MOUNT_PATH})


def _projected() -> dict[str, Any]:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [namespace]}},
        ],
        "defaultMode": MODE,
    }


def _forbidden(review: Review, why: str) -> Forbidden:
    call = review.call
    return Forbidden(f'pods "{call.name}" is forbidden: {why}', details={"name": call.name, "kind": "pods"})
