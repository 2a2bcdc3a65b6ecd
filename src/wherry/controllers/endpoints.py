"""Endpoints controller: the addresses behind each Service in one object, for those who still read that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wherry.api.core.endpoints import EndpointAddress, EndpointPort, Endpoints, EndpointSubset
from wherry.api.core.pod import Pod
from wherry.api.core.service import Service
from wherry.controllers.contract import (
    Create,
    Delete,
    Key,
    Observed,
    Round,
    Update,
    Watch,
    controller,
)
from wherry.controllers.pods import is_finished, is_ready
from wherry.controllers.serviceendpoints import (
    HEADLESS,
    INDICES,
    TRIGGER_TIME,
    hostname_of,
    latest_change,
    pod_matters,
    pods_of,
    port_number,
    reference_to,
    services_of,
)
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit

CAPACITY = 1000  # addresses in one object
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
MANAGED_BY, MANAGER = "endpoints.kubernetes.io/managed-by", "endpoint-controller"

Placed = tuple[EndpointAddress, bool]
"""An address and whether it is ready."""


def service_of(endpoints: Endpoints, seen: Observed) -> Iterator[Key]:
    yield (endpoints.metadata.namespace, endpoints.metadata.name)


def gone(key: Key, seen: Observed) -> Round:
    """The Service is no more: neither are its Endpoints. Those that others keep are left alone."""
    left = seen.get(Endpoints, key[1], key[0])
    if left is not None and MANAGED_BY in left.metadata.labels:
        yield Delete(left)


@controller(
    "endpoints-controller",
    reconciles=Service,
    watches=(
        Watch(Pod, services_of, when=pod_matters),
        Watch(Endpoints, service_of),
    ),
    indices=INDICES,
    gone=gone,
    writes={"endpoints": ("create", "delete", "update"), "endpoints/restricted": ("create",)},
    account="endpoint-controller",
)
def reconcile(service: Service, seen: Observed) -> Round:
    if not service.spec.selector or service.metadata.deletionTimestamp:
        return
    name, namespace = service.metadata.name, service.metadata.namespace
    pods = pods_of(service, seen)
    subsets, truncated = _within_capacity(_packed(_placed(service, pods)))
    labels = {**service.metadata.labels, MANAGED_BY: MANAGER}
    labels.pop(HEADLESS, None)
    if service.spec.clusterIP == "None":
        labels[HEADLESS] = ""
    present = seen.get(Endpoints, name, namespace)
    meta = present.metadata if present is not None else ObjectMeta(name=name, namespace=namespace)
    annotations = {**meta.annotations, TRIGGER_TIME: latest_change(service, pods)}
    annotations.pop(OVER_CAPACITY, None)
    if truncated:
        annotations[OVER_CAPACITY] = "truncated"
    wanted = Endpoints(metadata=edit(meta, labels=labels, annotations=annotations), subsets=subsets)
    if present is None:
        yield Create(wanted)
    elif (
        present.subsets != subsets
        or meta.labels != labels
        or (OVER_CAPACITY in meta.annotations) != truncated
    ):
        yield Update(wanted)


def _placed(service: Service, pods: Sequence[Pod]) -> Iterator[tuple[EndpointPort | None, Placed]]:
    """Every port of every address. A headless Service without ports has addresses alone."""
    unready_too = service.spec.publishNotReadyAddresses
    for pod in pods:
        leaving = pod.metadata.deletionTimestamp and not unready_too
        if not pod.status.podIPs or is_finished(pod) or leaving:
            continue
        address = EndpointAddress(
            ip=_address(pod, service),
            nodeName=pod.spec.nodeName,
            hostname=hostname_of(pod, service),
            targetRef=reference_to(pod),
        )
        if not address.ip:
            continue
        placed = (address, unready_too or is_ready(pod))
        if not service.spec.ports and service.spec.clusterIP == "None":
            yield None, placed
        for port in service.spec.ports:
            if (number := port_number(pod, port)) is not None:
                yield (
                    EndpointPort(
                        name=port.name, port=number, protocol=port.protocol, appProtocol=port.appProtocol
                    ),
                    placed,
                )


def _address(pod: Pod, service: Service) -> str:
    """The Pod's address of the Service's first family."""
    wants_v6 = service.spec.ipFamilies[:1] == ("IPv6",)
    return next((each.ip for each in pod.status.podIPs if (":" in each.ip) == wants_v6), "")


def _packed(pairs: Iterable[tuple[EndpointPort | None, Placed]]) -> tuple[EndpointSubset, ...]:
    """One subset for each set of ports that the same addresses have, in an order that does not change."""
    by_port: dict[EndpointPort | None, set[Placed]] = {}
    for port, placed in pairs:
        by_port.setdefault(port, set()).add(placed)
    by_addresses: dict[frozenset[Placed], list[EndpointPort]] = {}
    for port, addresses in by_port.items():
        ports = by_addresses.setdefault(frozenset(addresses), [])
        if port is not None:
            ports.append(port)
    subsets = (
        EndpointSubset(
            addresses=_sorted(address for address, ready in addresses if ready),
            notReadyAddresses=_sorted(address for address, ready in addresses if not ready),
            ports=tuple(sorted(ports, key=lambda port: (port.name, port.port, port.protocol))),
        )
        for addresses, ports in by_addresses.items()
    )
    return tuple(sorted(subsets, key=lambda subset: [(port.name, port.port) for port in subset.ports]))


def _sorted(addresses: Iterable[EndpointAddress]) -> tuple[EndpointAddress, ...]:
    return tuple(sorted(addresses, key=lambda address: (address.ip, address.nodeName)))


def _within_capacity(subsets: tuple[EndpointSubset, ...]) -> tuple[tuple[EndpointSubset, ...], bool]:
    """At most so many addresses as one object can hold, ready ones first."""
    total = sum(len(each.addresses) + len(each.notReadyAddresses) for each in subsets)
    if total <= CAPACITY:
        return subsets, False
    left = CAPACITY
    kept = []
    for each in subsets:
        ready = each.addresses[:left]
        left -= len(ready)
        kept.append(edit(each, addresses=ready, notReadyAddresses=()))
    for at, each in enumerate(subsets):
        unready = each.notReadyAddresses[:left]
        left -= len(unready)
        kept[at] = edit(kept[at], notReadyAddresses=unready)
    return tuple(each for each in kept if each.addresses or each.notReadyAddresses), True
