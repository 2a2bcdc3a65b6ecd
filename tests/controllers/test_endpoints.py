"""Endpoints: one object for each Service."""

from __future__ import annotations

from typing import Any

from wherry.api.core.endpoints import Endpoints
from wherry.api.core.pod import Pod, PodSpec
from wherry.api.core.podstatus import PodCondition, PodIP, PodStatus
from wherry.api.core.service import Service, ServicePort, ServiceSpec
from wherry.controllers.contract import Create, Delete, Update, played
from wherry.controllers.endpoints import CAPACITY, OVER_CAPACITY, gone, reconcile
from wherry.controllers.serviceendpoints import INDICES
from wherry.controllers.snapshot import Snapshot
from wherry.machinery.meta import Object, ObjectMeta
from wherry.machinery.schema import edit

LABELS = {"app": "web"}


def service(**spec: Any) -> Service:
    fields = {"selector": LABELS, "ports": (ServicePort(name="http", port=80, targetPort=8080),), **spec}
    return Service(metadata=ObjectMeta(name="web", namespace="default", uid="s"), spec=ServiceSpec(**fields))


def pod(number: int, *, ready: bool = True, **metadata: Any) -> Pod:
    address = f"10.0.{number // 250}.{number % 250}"
    return Pod(
        metadata=ObjectMeta(
            name=f"p{number}", uid=f"u{number}", namespace="default", labels=LABELS, **metadata
        ),
        spec=PodSpec(nodeName="n1"),
        status=PodStatus(
            phase="Running",
            podIPs=(PodIP(ip=address),),
            conditions=(PodCondition(type="Ready", status="True" if ready else "False"),),
        ),
    )


def made(svc: Service, *objects: Object) -> Endpoints:
    (action,) = played(reconcile(svc, Snapshot(svc, objects, indices=INDICES)))
    assert isinstance(action, (Create, Update))
    assert isinstance(action.object, Endpoints)
    return action.object


def test_ready_and_other_addresses_stand_apart() -> None:
    leaving = pod(3, deletionTimestamp="2026-01-01T00:00:00Z")
    (subset,) = made(service(), pod(2), pod(1), pod(4, ready=False), leaving).subsets
    assert [each.ip for each in subset.addresses] == ["10.0.0.1", "10.0.0.2"]
    assert [each.ip for each in subset.notReadyAddresses] == ["10.0.0.4"]
    assert [(each.name, each.port) for each in subset.ports] == [("http", 8080)]


def test_ports_with_the_same_addresses_share_a_subset() -> None:
    ports = (ServicePort(name="b", port=2), ServicePort(name="a", port=1))
    (subset,) = made(service(ports=ports), pod(1)).subsets
    assert [each.name for each in subset.ports] == ["a", "b"]


def test_a_service_without_pods_has_endpoints_without_subsets() -> None:
    assert made(service()).subsets == ()


def test_nothing_is_written_where_nothing_changes() -> None:
    endpoints = made(service(), pod(1))
    assert played(reconcile(service(), Snapshot(service(), [pod(1), endpoints], indices=INDICES))) == []


def test_labels_say_that_it_is_headless_and_whose_it_is() -> None:
    assert made(service(clusterIP="None")).metadata.labels == {
        "endpoints.kubernetes.io/managed-by": "endpoint-controller",
        "service.kubernetes.io/headless": "",
    }


def test_holds_a_thousand_addresses_ready_ones_first() -> None:
    pods = [pod(number, ready=number >= 500) for number in range(CAPACITY + 200)]
    endpoints = made(service(), *pods)
    (subset,) = endpoints.subsets
    assert len(subset.addresses) == 700
    assert len(subset.notReadyAddresses) == 300
    assert endpoints.metadata.annotations[OVER_CAPACITY] == "truncated"


def test_goes_with_its_service_unless_it_is_somebody_elses() -> None:
    endpoints = made(service(), pod(1))
    key = ("default", "web")
    (action,) = played(gone(key, Snapshot(None, [endpoints])))
    assert isinstance(action, Delete)
    foreign = edit(endpoints, metadata=edit(endpoints.metadata, labels={}))
    assert played(gone(key, Snapshot(None, [foreign]))) == []
