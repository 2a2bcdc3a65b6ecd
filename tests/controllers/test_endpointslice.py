"""EndpointSlices: what stands in them, and how little of them changes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api.core.container import Container, ContainerPort
from wherry.api.core.node import Node
from wherry.api.core.pod import Pod, PodSpec
from wherry.api.core.podstatus import PodCondition, PodIP, PodStatus
from wherry.api.core.service import Service, ServicePort, ServiceSpec
from wherry.api.discovery.endpointslice import EndpointSlice
from wherry.controllers.contract import Action, Create, Delete, Update, played
from wherry.controllers.endpointslice import MOST_ENDPOINTS, reconcile
from wherry.controllers.serviceendpoints import INDICES
from wherry.controllers.snapshot import Snapshot
from wherry.machinery.meta import Object, ObjectMeta
from wherry.machinery.schema import edit

LABELS = {"app": "web"}


def service(**spec: Any) -> Service:
    fields = {"selector": LABELS, "ports": (ServicePort(name="http", port=80, targetPort=8080),), **spec}
    return Service(
        metadata=ObjectMeta(name="web", namespace="default", uid="svc"), spec=ServiceSpec(**fields)
    )


def pod(number: int, *, ready: bool = True, spec: dict[str, Any] | None = None, **metadata: Any) -> Pod:
    address = f"10.0.{number // 250}.{number % 250}"
    condition = PodCondition(type="Ready", status="True" if ready else "False")
    meta = {"labels": LABELS, **metadata}
    return Pod(
        metadata=ObjectMeta(name=f"p{number}", uid=f"u{number}", namespace="default", **meta),
        spec=PodSpec(nodeName="n1", **(spec or {})),
        status=PodStatus(
            phase="Running", podIP=address, podIPs=(PodIP(ip=address),), conditions=(condition,)
        ),
    )


def look(svc: Service, *objects: Object) -> list[Action]:
    return played(reconcile(svc, Snapshot(svc, objects, indices=INDICES)))


def applied(actions: list[Action], slices: list[EndpointSlice]) -> list[EndpointSlice]:
    """The slices after the actions, named as a server would."""
    left = {each.metadata.name: each for each in slices}
    for action in actions:
        assert isinstance(action, (Create, Update, Delete))
        obj = action.object
        assert isinstance(obj, EndpointSlice)
        if isinstance(action, Delete):
            del left[obj.metadata.name]
        else:
            name = obj.metadata.name or f"web-{len(left)}-{id(obj)}"
            left[name] = edit(obj, metadata=edit(obj.metadata, name=name))
    return list(left.values())


def made(svc: Service, *objects: Object) -> EndpointSlice:
    (action,) = look(svc, *objects)
    assert isinstance(action, Create)
    assert isinstance(action.object, EndpointSlice)
    return action.object


def test_says_of_each_pod_whether_it_is_ready_serving_terminating() -> None:
    leaving = pod(2, deletionTimestamp="2026-01-01T00:00:00Z")
    endpoints = made(service(), pod(1), leaving, pod(3, ready=False)).endpoints
    conditions = [each.conditions for each in endpoints]
    assert [(c.ready, c.serving, c.terminating) for c in conditions if c] == [
        (True, True, False),
        (False, True, True),
        (False, False, False),
    ]


def test_publishing_those_that_are_not_ready_calls_them_ready() -> None:
    (endpoint,) = made(service(publishNotReadyAddresses=True), pod(1, ready=False)).endpoints
    assert endpoint.conditions is not None
    assert (endpoint.conditions.ready, endpoint.conditions.serving) == (True, False)


def test_a_service_without_pods_has_one_empty_slice() -> None:
    slice_ = made(service())
    assert slice_.endpoints == ()
    assert slice_.addressType == "IPv4"
    named = edit(slice_, metadata=edit(slice_.metadata, name="web-1"))
    assert look(service(), named) == []


def test_services_without_selector_are_left_alone() -> None:
    assert look(service(selector={})) == []
    assert look(service(type="ExternalName")) == []


def test_carries_node_zone_hostname_and_labels() -> None:
    svc = service(clusterIP="None")
    svc = edit(svc, metadata=edit(svc.metadata, labels={"team": "a"}))
    node = Node(metadata=ObjectMeta(name="n1", labels={"topology.kubernetes.io/zone": "z1"}))
    slice_ = made(svc, pod(1, spec={"hostname": "first", "subdomain": "web"}), node)
    (endpoint,) = slice_.endpoints
    assert (endpoint.nodeName, endpoint.zone, endpoint.hostname) == ("n1", "z1", "first")
    assert endpoint.targetRef is not None
    assert (endpoint.targetRef.kind, endpoint.targetRef.name) == ("Pod", "p1")
    assert slice_.metadata.labels == {
        "team": "a",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "service.kubernetes.io/headless": "",
    }


def test_pods_that_mean_another_port_by_its_name_get_a_slice_of_their_own() -> None:
    svc = service(ports=(ServicePort(name="http", port=80, targetPort="web"),))

    def with_port(number: int, port: int) -> Pod:
        containers = (Container(name="c", ports=(ContainerPort(name="web", containerPort=port),)),)
        return pod(number, spec={"containers": containers})

    actions = look(svc, with_port(1, 8080), with_port(2, 9090))
    ports = sorted(action.object.ports[0].port for action in actions if isinstance(action, Create))  # type: ignore[attr-defined]  # slices
    assert ports == [8080, 9090]


numbers = st.sets(st.integers(0, 400), max_size=250)


@settings(max_examples=30)
@given(before=numbers, after=numbers)
def test_slices_hold_each_pod_once_and_are_never_too_long(before: set[int], after: set[int]) -> None:
    svc = service()
    slices = applied(look(svc, *map(pod, before)), [])
    slices = applied(look(svc, *map(pod, after), *slices), slices)
    held = [e.targetRef.uid for each in slices for e in each.endpoints if e.targetRef]
    assert sorted(held) == sorted(f"u{number}" for number in after)
    assert all(len(each.endpoints) <= MOST_ENDPOINTS for each in slices)
    assert look(svc, *map(pod, after), *slices) == []


def test_one_pod_more_or_less_changes_one_slice() -> None:
    svc = service()
    pods = [pod(number) for number in range(250)]
    slices = applied(look(svc, *pods), [])
    assert sorted(len(each.endpoints) for each in slices) == [50, 100, 100]
    (action,) = look(svc, *pods, pod(300), *slices)
    assert isinstance(action, Update)
    (action,) = look(svc, *pods[1:], *slices)
    assert isinstance(action, Update)
    replaced = look(svc, *pods[1:], pod(300), *slices)
    assert len(replaced) == 1
