"""EndpointSlice controller: the addresses behind each Service, in slices that change little."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wherry.api.core.node import Node
from wherry.api.core.pod import Pod
from wherry.api.core.service import Service
from wherry.api.discovery.endpointslice import Endpoint, EndpointConditions, EndpointPort, EndpointSlice
from wherry.controllers.contract import Action, Create, Delete, Observed, Round, Update, Watch, controller
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
from wherry.machinery.ownership import owner_reference
from wherry.machinery.schema import edit

MOST_ENDPOINTS = 100  # in one slice
SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
ZONE = "topology.kubernetes.io/zone"
RESERVED = frozenset((SERVICE_NAME, MANAGED_BY, HEADLESS))

Ports = tuple[EndpointPort, ...]
Group = tuple[str, Ports]
"""Slices hold addresses of one family that have the same ports."""


@controller(
    "endpointslice-controller",
    reconciles=Service,
    owns=(EndpointSlice,),
    watches=(Watch(Pod, services_of, when=pod_matters),),
    reads=(Node,),
    indices=INDICES,
    writes={
        "services/finalizers": ("update",),
        "endpointslices.discovery.k8s.io": ("create", "delete", "update"),
        "endpointslices.discovery.k8s.io/restricted": ("create",),
    },
    source="endpoint-slice-controller",
)
def reconcile(service: Service, seen: Observed) -> Round:
    """Nothing for Services without selector, whose endpoints are somebody else's business."""
    if service.spec.type == "ExternalName" or not service.spec.selector or service.metadata.deletionTimestamp:
        return
    pods = pods_of(service, seen)
    wanted = _wanted(service, pods, seen)
    present: dict[Group, list[EndpointSlice]] = {}
    for each in seen.owned(EndpointSlice):
        if each.metadata.labels.get(MANAGED_BY) == MANAGER and not each.metadata.deletionTimestamp:
            present.setdefault((each.addressType, each.ports), []).append(each)
    trigger = latest_change(service, pods)
    for group in dict.fromkeys((*wanted, *present)):
        needs_one = group in wanted
        yield from _adjust(
            service, group, wanted.get(group, {}), present.get(group, []), trigger, keep_empty=needs_one
        )


def _wanted(service: Service, pods: Sequence[Pod], seen: Observed) -> dict[Group, dict[str, Endpoint]]:
    """Endpoints by group and Pod. A family without any still gets a slice, to say that there are none."""
    groups: dict[Group, dict[str, Endpoint]] = {}
    families = service.spec.ipFamilies or ("IPv4",)
    for family in families:
        for pod in pods:
            endpoint = _endpoint(pod, service, family, seen)
            if endpoint is not None:
                groups.setdefault((family, _ports(pod, service)), {})[pod.metadata.uid] = endpoint
        if not any(group[0] == family for group in groups):
            groups[family, ()] = {}
    return groups


def _endpoint(pod: Pod, service: Service, family: str, seen: Observed) -> Endpoint | None:
    addresses = tuple(each.ip for each in pod.status.podIPs if (":" in each.ip) == (family == "IPv6"))
    if not addresses or is_finished(pod):
        return None
    serving, terminating = is_ready(pod), bool(pod.metadata.deletionTimestamp)
    ready = service.spec.publishNotReadyAddresses or (serving and not terminating)
    node = seen.get(Node, pod.spec.nodeName)
    return Endpoint(
        addresses=addresses,
        conditions=EndpointConditions(ready=ready, serving=serving, terminating=terminating),
        hostname=hostname_of(pod, service),
        nodeName=pod.spec.nodeName,
        targetRef=reference_to(pod),
        zone=node.metadata.labels.get(ZONE, "") if node is not None else "",
    )


def _ports(pod: Pod, service: Service) -> Ports:
    """Ports that the Pod does not have are left out: Pods of one Service may differ in that."""
    found = (
        EndpointPort(name=port.name, port=number, protocol=port.protocol, appProtocol=port.appProtocol)
        for port in service.spec.ports
        if (number := port_number(pod, port)) is not None
    )
    return tuple(sorted(found, key=lambda port: (port.name, port.port or 0, port.protocol)))


def _adjust(
    service: Service,
    group: Group,
    wanted: Mapping[str, Endpoint],
    present: Sequence[EndpointSlice],
    trigger: str,
    *,
    keep_empty: bool,
) -> Iterable[Action]:
    """Write as few slices as can be: fill those that change anyway, then one with room, then new ones."""
    contents, missing = _matched(wanted, present)
    changed = [each for each, old in zip(contents, present, strict=True) if tuple(each) != old.endpoints]
    for content in sorted(changed, key=len, reverse=True):
        _fill(content, missing)
    if missing and len(missing) < MOST_ENDPOINTS:
        # One with just enough room, so that slices stay full.
        fitting = [each for each in contents if len(each) + len(missing) <= MOST_ENDPOINTS]
        if fitting:
            _fill(max(fitting, key=len), missing)
    kept = 0
    for old, content in zip(present, contents, strict=True):
        if not content and (kept or missing or any(contents) or not keep_empty):
            yield Delete(old)
            continue
        kept += 1
        if (new := _slice(service, group, tuple(content), old, trigger)) != old:
            yield Update(new)
    while missing or (keep_empty and not kept):
        content = []
        _fill(content, missing)
        kept += 1
        yield Create(_slice(service, group, tuple(content), None, trigger))


def _matched(
    wanted: Mapping[str, Endpoint], present: Sequence[EndpointSlice]
) -> tuple[list[list[Endpoint]], list[Endpoint]]:
    """What each slice still holds, brought up to date, and what is in none."""
    left = dict(wanted)
    contents = []
    for each in present:
        uids = (endpoint.targetRef.uid if endpoint.targetRef else "" for endpoint in each.endpoints)
        contents.append([endpoint for uid in uids if (endpoint := left.pop(uid, None)) is not None])
    return contents, list(left.values())


def _fill(content: list[Endpoint], missing: list[Endpoint]) -> None:
    room = MOST_ENDPOINTS - len(content)
    content += missing[:room]
    del missing[:room]


def _slice(
    service: Service, group: Group, endpoints: tuple[Endpoint, ...], old: EndpointSlice | None, trigger: str
) -> EndpointSlice:
    family, ports = group
    labels = {key: value for key, value in service.metadata.labels.items() if key not in RESERVED}
    labels |= {SERVICE_NAME: service.metadata.name, MANAGED_BY: MANAGER}
    if service.spec.clusterIP == "None":
        labels[HEADLESS] = ""
    if old is not None:
        same = old.endpoints == endpoints and old.metadata.labels == labels
        annotations = (
            old.metadata.annotations if same else {**old.metadata.annotations, TRIGGER_TIME: trigger}
        )
        meta = edit(old.metadata, labels=labels, annotations=annotations)
        return edit(old, endpoints=endpoints, metadata=meta)
    return EndpointSlice(
        metadata=ObjectMeta(
            generateName=f"{service.metadata.name}-",
            namespace=service.metadata.namespace,
            labels=labels,
            annotations={TRIGGER_TIME: trigger},
            ownerReferences=(owner_reference(service),),
        ),
        addressType=family,
        endpoints=endpoints,
        ports=ports,
    )
