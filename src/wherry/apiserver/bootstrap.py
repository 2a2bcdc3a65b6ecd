"""Bootstrap: what a fresh cluster holds before anybody asked for anything; put back when it is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

import msgspec

from wherry.api.core.configmap import ConfigMap
from wherry.api.core.endpoints import Endpoints
from wherry.api.core.namespace import Namespace
from wherry.api.core.service import Service
from wherry.api.discovery.endpointslice import EndpointSlice
from wherry.api.networking.servicecidr import ServiceCIDR
from wherry.api.rbac.clusterrole import ClusterRole
from wherry.api.rbac.clusterrolebinding import ClusterRoleBinding
from wherry.api.registry import Resource, resource_for
from wherry.api.scheduling.priorityclass import PriorityClass
from wherry.apiserver.api import Api
from wherry.apiserver.call import Call
from wherry.machinery.errors import AlreadyExists
from wherry.machinery.meta import Object
from wherry.machinery.schema import Tree

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
ROLE_LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
ROLE_ANNOTATIONS = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
RBAC = "rbac.authorization.k8s.io"


async def ensure(api: Api, *, address: str, port: int, ca: str) -> None:
    """Create what is missing. `address` and `port`: where the API server answers; `ca`: its CA, PEM."""
    for kind, tree in objects(api, address, port, ca):
        await _ensure(api, resource_for(kind), tree)


async def ensure_kubernetes(api: Api, *, address: str, port: int) -> None:
    """Of all that, the Service by which Pods find the API server, and what is behind it."""
    for kind, tree in _kubernetes(api.services.kubernetes, address, port):
        await _ensure(api, resource_for(kind), tree)


async def _ensure(api: Api, resource: Resource, tree: Tree) -> None:
    metadata = tree["metadata"]
    key = f"{metadata['namespace']}/{metadata['name']}" if resource.namespaced else metadata["name"]
    entry = api.hub.cache(resource).get(key)
    if entry is None:
        call = Call("create", resource, metadata.get("namespace", ""), body=msgspec.json.encode(tree))
        try:
            await api.perform(call)
        except AlreadyExists:  # another server of the same store was faster
            return
    elif resource.kind in ("Endpoints", "EndpointSlice") and not _points_alike(entry.tree, tree):
        # The address may have changed since the last start.
        body = msgspec.json.encode(tree)
        await api.perform(Call("update", resource, metadata["namespace"], metadata["name"], body=body))


def _points_alike(old: Tree, new: Tree) -> bool:
    return all(old.get(field) == new.get(field) for field in ("subsets", "endpoints", "ports"))


def objects(api: Api, address: str, port: int, ca: str) -> Iterator[tuple[type[Object], Tree]]:
    for name in NAMESPACES:
        yield Namespace, {"metadata": {"name": name}}
    yield from _priorities()
    yield from _roles()
    yield ServiceCIDR, {"metadata": {"name": "kubernetes"}, "spec": {"cidrs": [str(api.services.network)]}}
    yield from _kubernetes(api.services.kubernetes, address, port)
    yield (
        ConfigMap,
        {
            "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
            "data": {"client-ca-file": ca},
        },
    )


def _priorities() -> Iterator[tuple[type[Object], Tree]]:
    for name, value, words in (
        ("system-cluster-critical", 2_000_000_000, "can be moved to another node if necessary"),
        ("system-node-critical", 2_000_001_000, "must not be moved from their current node"),
    ):
        yield (
            PriorityClass,
            {
                "metadata": {"name": name},
                "value": value,
                "description": f"For system critical pods that {words}.",
            },
        )


def _kubernetes(service_ip: str, address: str, port: int) -> Iterator[tuple[type[Object], Tree]]:
    """The API server as a Service: how Pods find it."""
    here = {"name": "kubernetes", "namespace": "default"}
    yield (
        Service,
        {
            "metadata": {**here, "labels": {"component": "apiserver", "provider": "kubernetes"}},
            "spec": {
                "type": "ClusterIP",
                "clusterIP": service_ip,
                "clusterIPs": [service_ip],
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}],
            },
        },
    )
    if not port or ip_address(address).is_loopback:
        return  # nobody else could reach it there, and the API refuses such endpoints
    ports = [{"name": "https", "port": port, "protocol": "TCP"}]
    yield (
        Endpoints,
        {
            "metadata": {**here, "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
            "subsets": [{"addresses": [{"ip": address}], "ports": ports}],
        },
    )
    yield (
        EndpointSlice,
        {
            "metadata": {**here, "labels": {"kubernetes.io/service-name": "kubernetes"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
            "ports": ports,
        },
    )


def _roles() -> Iterator[tuple[type[Object], Tree]]:
    for name, rules in ROLES.items():
        yield ClusterRole, {"metadata": _marked(name), "rules": rules}
    for name, (role, kind, subjects) in BINDINGS.items():
        yield (
            ClusterRoleBinding,
            {
                "metadata": _marked(name),
                "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
                "subjects": [{"apiGroup": RBAC, "kind": kind, "name": subject} for subject in subjects],
            },
        )


def _marked(name: str) -> Tree:
    return {"name": name, "labels": dict(ROLE_LABELS), "annotations": dict(ROLE_ANNOTATIONS)}


def _rule(verbs: str, groups: str, resources: str) -> Tree:
    return {
        "verbs": verbs.split(),
        "apiGroups": ["" if group == "core" else group for group in groups.split()],
        "resources": resources.split(),
    }


READ = "get list watch"
WRITE = "create delete deletecollection patch update"
_PATHS = [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
]

ROLES: Mapping[str, list[Tree]] = {
    "cluster-admin": [
        _rule("*", "*", "*"),
        {"verbs": ["*"], "nonResourceURLs": ["*"]},
    ],
    "system:discovery": [{"verbs": ["get"], "nonResourceURLs": _PATHS}],
    "system:public-info-viewer": [
        {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"]}
    ],
    "system:basic-user": [
        _rule("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
        _rule("create", "authentication.k8s.io", "selfsubjectreviews"),
    ],
    "system:service-account-issuer-discovery": [
        {"verbs": ["get"], "nonResourceURLs": ["/.well-known/openid-configuration", "/openid/v1/jwks"]}
    ],
    # What a node agent and the service proxy on it need. The node authorizer narrows it to the node's own.
    "system:node": [
        _rule("create", "authentication.k8s.io", "tokenreviews"),
        _rule("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
        _rule(READ, "core", "services configmaps secrets persistentvolumeclaims persistentvolumes"),
        _rule("create get list watch delete patch update", "core", "nodes"),
        _rule("patch update", "core", "nodes/status"),
        _rule("create delete get list watch", "core", "pods"),
        _rule("patch update", "core", "pods/status"),
        _rule("create", "core", "pods/eviction serviceaccounts/token"),
        _rule("create patch update", "core", "events"),
        _rule("create patch update", "events.k8s.io", "events"),
        _rule("create delete get patch update", "coordination.k8s.io", "leases"),
        _rule("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
        _rule("get list watch", "storage.k8s.io", "csidrivers volumeattachments"),
        _rule("create delete get patch update", "storage.k8s.io", "csinodes"),
        _rule(READ, "node.k8s.io", "runtimeclasses"),
        _rule(READ, "discovery.k8s.io", "endpointslices"),
    ],
    "admin": [
        _rule(f"{READ} {WRITE}", "core apps batch autoscaling networking.k8s.io policy", "*"),
        _rule(f"{READ} {WRITE}", RBAC, "roles rolebindings"),
    ],
    "edit": [_rule(f"{READ} {WRITE}", "core apps batch autoscaling networking.k8s.io policy", "*")],
    "view": [
        _rule(
            READ,
            "core",
            "configmaps endpoints events limitranges namespaces persistentvolumeclaims pods pods/log "
            "pods/status replicationcontrollers resourcequotas serviceaccounts services",
        ),
        _rule(READ, "apps batch autoscaling networking.k8s.io policy discovery.k8s.io", "*"),
    ],
}

Binding = tuple[str, str, list[Any]]
BINDINGS: Mapping[str, Binding] = {
    "cluster-admin": ("cluster-admin", "Group", ["system:masters"]),
    "system:discovery": ("system:discovery", "Group", ["system:authenticated"]),
    "system:basic-user": ("system:basic-user", "Group", ["system:authenticated"]),
    "system:public-info-viewer": (
        "system:public-info-viewer",
        "Group",
        ["system:authenticated", "system:unauthenticated"],
    ),
    "system:service-account-issuer-discovery": (
        "system:service-account-issuer-discovery",
        "Group",
        ["system:serviceaccounts"],
    ),
    "system:node": ("system:node", "Group", ["system:nodes"]),
}
