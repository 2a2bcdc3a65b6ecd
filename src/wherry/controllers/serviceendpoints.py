"""Service endpoints: which Pods stand behind a Service, on which ports: for both controllers of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wherry.api.core.container import ContainerPort
from wherry.api.core.pod import Pod
from wherry.api.core.reference import ObjectReference
from wherry.api.core.service import Service, ServicePort
from wherry.controllers.contract import Index, Key, Observed
from wherry.controllers.pods import is_finished, is_ready
from wherry.machinery.selectors import from_labels

POD_LABELS = "label"
SERVICE_SELECTORS = "selector"
HEADLESS = "service.kubernetes.io/headless"
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"


def by_label(pod: Pod) -> Iterator[str]:
    namespace = pod.metadata.namespace
    for key, value in pod.metadata.labels.items():
        yield f"{namespace}/{key}={value}"


def by_selector(service: Service) -> Iterator[str]:
    """Under one pair of the selector: a Pod that does not have it is not selected."""
    if service.spec.selector:
        key, value = min(service.spec.selector.items())
        yield f"{service.metadata.namespace}/{key}={value}"


INDICES = (Index(Pod, POD_LABELS, by_label), Index(Service, SERVICE_SELECTORS, by_selector))


def services_of(pod: Pod, seen: Observed) -> Iterator[Key]:
    """The Services that select a Pod."""
    labels = pod.metadata.labels
    for value in by_label(pod):
        for service in seen.find(Service, SERVICE_SELECTORS, value):
            if all(labels.get(key) == wanted for key, wanted in service.spec.selector.items()):
                yield (service.metadata.namespace, service.metadata.name)


def pods_of(service: Service, seen: Observed) -> list[Pod]:
    """The Pods that a Service selects."""
    namespace = service.metadata.namespace
    buckets = [
        seen.find(Pod, POD_LABELS, f"{namespace}/{key}={value}")
        for key, value in service.spec.selector.items()
    ]
    if not buckets:
        return []
    selector = from_labels(service.spec.selector)
    return [pod for pod in min(buckets, key=len) if selector.matches(pod.metadata.labels)]


def pod_matters(old: Pod, new: Pod) -> bool:
    """Whether endpoints may look different."""
    return (
        is_ready(old) != is_ready(new)
        or old.status.podIPs != new.status.podIPs
        or is_finished(old) != is_finished(new)
        or old.spec.nodeName != new.spec.nodeName
        or old.metadata.labels != new.metadata.labels
        or bool(old.metadata.deletionTimestamp) != bool(new.metadata.deletionTimestamp)
    )


def hostname_of(pod: Pod, service: Service) -> str:
    """The name under which DNS knows the Pod in the Service's domain, if it asks for one."""
    return pod.spec.hostname if pod.spec.subdomain == service.metadata.name else ""


def reference_to(pod: Pod) -> ObjectReference:
    meta = pod.metadata
    return ObjectReference(kind="Pod", namespace=meta.namespace, name=meta.name, uid=meta.uid)


def port_number(pod: Pod, port: ServicePort) -> int | None:
    """The Pod's port that a Service's port leads to; None where the Pod has no port of that name."""
    target = port.targetPort
    if isinstance(target, int):
        return target or port.port
    if not target:
        return port.port
    for each in container_ports(pod):
        if each.name == target and each.protocol == port.protocol:
            return each.containerPort
    return None


def container_ports(pod: Pod) -> Iterator[ContainerPort]:
    """Ports of the containers that run all the time: sidecars are among them."""
    for container in pod.spec.containers:
        yield from container.ports
    for container in pod.spec.initContainers:
        if container.restartPolicy == "Always":
            yield from container.ports


def latest_change(service: Service, pods: Sequence[Pod]) -> str:
    """When what these endpoints follow from last changed: for measuring how long that took to spread."""
    moments = [service.metadata.creationTimestamp]
    for pod in pods:
        moments += [c.lastTransitionTime for c in pod.status.conditions if c.type == "Ready"]
    return max(moments)
