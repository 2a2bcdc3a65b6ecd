"""Identity: how the node marks sandboxes and containers as a pod's, in upstream's labels and annotations."""

from __future__ import annotations

import hashlib

import msgspec

from wherry.api.core.container import Container, EphemeralContainer
from wherry.api.core.pod import Pod

POD_NAME = "io.kubernetes.pod.name"
POD_NAMESPACE = "io.kubernetes.pod.namespace"
POD_UID = "io.kubernetes.pod.uid"
CONTAINER_NAME = "io.kubernetes.container.name"

HASH = "io.kubernetes.container.hash"
RESTART_COUNT = "io.kubernetes.container.restartCount"
MESSAGE_PATH = "io.kubernetes.container.terminationMessagePath"
MESSAGE_POLICY = "io.kubernetes.container.terminationMessagePolicy"
PORTS = "io.kubernetes.container.ports"
GRACE = "io.kubernetes.pod.terminationGracePeriod"
CONFIG_SOURCE = "kubernetes.io/config.source"
CONFIG_SEEN = "kubernetes.io/config.seen"

# The node's own: how long the successor of this run must wait, and where its last words are on the host.
BACKOFF = "io.wherry.container.backoff"
NODE = "io.wherry.node"  # whose sandbox it is: several nodes may share a runtime
MESSAGE_FILE = "io.wherry.container.terminationMessageFile"


def pod_labels(pod: Pod) -> dict[str, str]:
    return {
        POD_NAME: pod.metadata.name,
        POD_NAMESPACE: pod.metadata.namespace,
        POD_UID: pod.metadata.uid,
    }


def container_hash(container: Container | EphemeralContainer) -> str:
    """Changes with what may change in a running pod and then needs a new container: the image."""
    picked = f"{container.name}\0{container.image}".encode()
    return hashlib.blake2b(picked, digest_size=4).hexdigest()


def container_annotations(
    pod: Pod, container: Container | EphemeralContainer, attempt: int, backoff: float, message_file: str
) -> dict[str, str]:
    annotations = {
        HASH: container_hash(container),
        RESTART_COUNT: str(attempt),
        MESSAGE_PATH: container.terminationMessagePath,
        MESSAGE_POLICY: container.terminationMessagePolicy,
        GRACE: str(pod.spec.terminationGracePeriodSeconds),
        BACKOFF: f"{backoff:g}",
        MESSAGE_FILE: message_file,
    }
    if container.ports:
        annotations[PORTS] = msgspec.json.encode(container.ports).decode()
    return annotations


def full_name(pod: Pod) -> str:
    """`web_default(4f0c…)`: how messages name a pod."""
    return f"{pod.metadata.name}_{pod.metadata.namespace}({pod.metadata.uid})"
