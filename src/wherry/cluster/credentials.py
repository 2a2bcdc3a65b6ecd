"""Credentials: who is who in one cluster: made once, read by every component that needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path

from wherry.client import kubeconfig
from wherry.client.kubeconfig import Access
from wherry.cluster.config import Config
from wherry.cluster.pki import Folder, Identity

MASTERS = "system:masters"


@dataclass(frozen=True, slots=True)
class Credentials:
    ca: bytes
    server: Identity  # what the API server shows to clients
    to_agents: Identity  # what it shows to node agents
    admin: Identity
    service_account_key: bytes


def prepare(config: Config, now: datetime) -> Credentials:
    """The cluster's credentials: what is there and good, and new ones for the rest."""
    folder = Folder(config.pki, now)
    authority = folder.authority(common_name=f"{config.context}-ca")
    return Credentials(
        authority.certificate,
        folder.identity("apiserver", authority, "kube-apiserver", hosts=server_names(config)),
        folder.identity(
            "apiserver-kubelet-client", authority, "kube-apiserver-kubelet-client", groups=(MASTERS,)
        ),
        folder.identity("admin", authority, "kubernetes-admin", groups=(MASTERS,)),
        folder.key("service-account"),
    )


def node(config: Config, now: datetime) -> Identity:
    """A node's identity: its user towards the API server, and its server certificate."""
    folder = Folder(config.pki, now)
    authority = folder.authority(common_name=f"{config.context}-ca")
    name = config.node_name
    return folder.identity(
        f"node-{name}",
        authority,
        f"system:node:{name}",
        groups=("system:nodes",),
        hosts=(name, config.node_ip, "127.0.0.1", "localhost"),
    )


def server_names(config: Config) -> Sequence[str]:
    service = str(next(ip_network(config.service_cidr).hosts()))
    names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    ]
    return ("localhost", "127.0.0.1", "::1", config.node_name, config.node_ip, service, *names)


def admin_access(config: Config, credentials: Credentials) -> Access:
    """What goes into a kubeconfig."""
    return Access(
        server=config.url,
        ca=credentials.ca,
        certificate=credentials.admin.certificate,
        key=credentials.admin.key,
        context=config.context,
    )


def publish(path: Path, context: str, access: Access) -> None:
    """Put a context into a kubeconfig; one that says the same is left alone, even on a full disk."""
    try:
        found = kubeconfig.load(path, context)
    except (kubeconfig.KubeconfigError, OSError):
        found = None
    same = found is not None and (found.server, found.ca, found.certificate, found.key) == (
        access.server,
        access.ca,
        access.certificate,
        access.key,
    )
    if not same:
        kubeconfig.merge(path, context, access)
