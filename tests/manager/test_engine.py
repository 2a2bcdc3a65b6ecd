"""Whole clusters: what the controllers make of each other's work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wherry.api.apps.deployment import Deployment, DeploymentStrategy
from wherry.api.apps.replicaset import ReplicaSet
from wherry.api.core.configmap import ConfigMap
from wherry.api.core.endpoints import Endpoints
from wherry.api.core.event import Event
from wherry.api.core.namespace import Namespace
from wherry.api.core.node import Node
from wherry.api.core.pod import Pod
from wherry.api.core.service import Service, ServicePort, ServiceSpec
from wherry.api.core.serviceaccount import ServiceAccount
from wherry.api.discovery.endpointslice import EndpointSlice
from wherry.controllers.pods import is_ready
from wherry.machinery.conditions import find_condition
from wherry.machinery.meta import ObjectMeta

Web = Callable[..., Deployment]


def test_a_deployment_becomes_pods(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=3))
        await cluster.after(10)
        pods = await cluster.pods()
        deployment = await cluster.client.get(Deployment, "web", "default")
        events = await cluster.client.list(Event, "default")
        assert len(pods) == 3
        assert all(pod.metadata.name.startswith("web-") for pod in pods)
        assert deployment.status.availableReplicas == 3
        assert deployment.metadata.annotations["deployment.kubernetes.io/revision"] == "1"
        progressing = find_condition(deployment.status.conditions, "Progressing")
        assert progressing is not None
        assert progressing.reason == "NewReplicaSetAvailable"
        messages = [event.message for event in events if event.reason == "ScalingReplicaSet"]
        name = pods[0].metadata.ownerReferences[0].name
        assert messages == [f"Scaled up replica set {name} from 0 to 3"]
        assert sum(event.reason == "SuccessfulCreate" for event in events) == 3

    play(scenario)


def test_every_namespace_has_a_default_account(play: Any, namespace: Any) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(namespace("team"))
        await cluster.after(1)
        assert await cluster.client.find(ServiceAccount, "default", "team") is not None
        await cluster.client.delete(ServiceAccount, "default", "team")
        await cluster.after(1)
        assert await cluster.client.find(ServiceAccount, "default", "team") is not None

    play(scenario)


async def _rolled(cluster: Any, image: str) -> bool:
    deployment = await cluster.client.get(Deployment, "web", "default")
    status = deployment.status
    images = {pod.spec.containers[0].image for pod in await cluster.pods()}
    return bool(
        images == {image}
        and status.updatedReplicas == deployment.spec.replicas == status.replicas
        and status.availableReplicas == deployment.spec.replicas
    )


async def _set_image(cluster: Any, image: str) -> None:
    body = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}}
    await cluster.client.patch(Deployment, "web", body, "default", type="strategic")


def test_a_rollout_never_has_too_few_or_too_many(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=10, surge=2, unavailable=1))
        await cluster.after(10)
        sizes: list[tuple[int, int]] = []

        def watch(_: Any) -> None:
            deployment = cluster.caches.of(Deployment).get("web", "default")
            sets = cluster.caches.of(ReplicaSet).list("default")
            total = sum(rs.spec.replicas for rs in sets)
            sizes.append((total, deployment.status.availableReplicas))

        cluster.caches.of(Deployment).subscribe(watch, replay=False)
        await _set_image(cluster, "web:2")
        await cluster.until(lambda: _rolled(cluster, "web:2"))
        assert max(total for total, _ in sizes) == 12
        assert min(available for _, available in sizes) >= 9

    play(scenario)


def test_undo_goes_back_to_the_first_replica_set(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=2))
        await cluster.after(10)
        await _set_image(cluster, "web:2")
        await cluster.until(lambda: _rolled(cluster, "web:2"))
        await _set_image(cluster, "web:1")
        await cluster.until(lambda: _rolled(cluster, "web:1"))
        sets = await cluster.client.list(ReplicaSet, "default")
        assert len(sets) == 2
        annotations = next(rs for rs in sets if rs.spec.replicas).metadata.annotations
        assert annotations["deployment.kubernetes.io/revision"] == "3"
        assert annotations["deployment.kubernetes.io/revision-history"] == "1"

    play(scenario)


def test_a_rollout_that_does_not_get_on_is_reported(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=2, progressDeadlineSeconds=30))
        await cluster.after(10)
        cluster.kubelet.makes_ready = False
        await _set_image(cluster, "broken")
        await cluster.after(40)
        deployment = await cluster.client.get(Deployment, "web", "default")
        progressing = find_condition(deployment.status.conditions, "Progressing")
        assert progressing is not None
        assert (progressing.status, progressing.reason) == ("False", "ProgressDeadlineExceeded")
        assert deployment.status.availableReplicas == 2

    play(scenario)


def test_recreate_makes_new_pods_only_when_the_old_are_gone(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        recreate = DeploymentStrategy(type="Recreate")
        await cluster.client.create(web(replicas=3, strategy=recreate))
        await cluster.after(10)
        mixed: list[bool] = []

        def watch(_: Any) -> None:
            images = {pod.spec.containers[0].image for pod in cluster.caches.of(Pod).list("default")}
            mixed.append(len(images) > 1)

        cluster.caches.of(Pod).subscribe(watch, replay=False)
        await _set_image(cluster, "web:2")
        await cluster.until(lambda: _rolled(cluster, "web:2"))
        assert not any(mixed)

    play(scenario)


def test_pods_are_made_once_however_late_the_cache_is(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=600, surge=0, unavailable=1))
        await cluster.after(30)
        events = await cluster.client.list(Event, "default")
        assert len(await cluster.pods()) == 600
        assert not [event for event in events if event.reason == "SuccessfulDelete"]

    play(scenario)


def test_deleting_a_deployment_takes_everything_with_it(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=3))
        await cluster.after(10)
        await cluster.client.delete(Deployment, "web", "default", propagation="Background")
        await cluster.after(5)
        assert await cluster.client.list(ReplicaSet, "default") == []
        assert await cluster.pods() == []

    play(scenario)


def test_foreground_deletion_goes_from_the_leaves_to_the_root(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=2))
        await cluster.after(10)
        cluster.kubelet.ends_pods = False
        await cluster.client.delete(Deployment, "web", "default", propagation="Foreground")
        await cluster.after(5)
        assert await cluster.client.find(Deployment, "web", "default") is not None
        pods = await cluster.pods()
        assert all(pod.metadata.deletionTimestamp for pod in pods)
        for pod in pods:
            await cluster.client.delete(pod, grace=0)
        await cluster.after(5)
        assert await cluster.client.find(Deployment, "web", "default") is None
        assert await cluster.client.list(ReplicaSet, "default") == []

    play(scenario)


def test_orphans_live_on_and_are_adopted_again(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=2))
        await cluster.after(10)
        before = {pod.metadata.uid for pod in await cluster.pods()}
        await cluster.client.delete(Deployment, "web", "default", propagation="Orphan")
        await cluster.after(5)
        (rs,) = await cluster.client.list(ReplicaSet, "default")
        assert rs.metadata.ownerReferences == ()
        await cluster.client.create(web(replicas=2))
        await cluster.after(5)
        assert {pod.metadata.uid for pod in await cluster.pods()} == before

    play(scenario)


def test_a_namespace_is_emptied_before_it_goes(play: Any, web: Web, namespace: Any) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(namespace("team"))
        await cluster.client.create(web(replicas=3, namespace="team"))
        await cluster.after(10)
        assert len(await cluster.pods("team")) == 3
        await cluster.client.delete(Namespace, "team")
        await cluster.after(20)
        assert await cluster.client.find(Namespace, "team") is None
        assert await cluster.pods("team") == []
        assert await cluster.client.list(ServiceAccount, "team") == []

    play(scenario)


def test_a_namespace_says_what_holds_it_up(play: Any, namespace: Any) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(namespace("team"))
        held = ConfigMap(metadata=ObjectMeta(name="held", namespace="team", finalizers=("example.com/wait",)))
        await cluster.client.create(held)
        await cluster.client.delete(Namespace, "team")
        await cluster.after(10)
        team = await cluster.client.get(Namespace, "team")
        remaining = find_condition(team.status.conditions, "NamespaceContentRemaining")
        finalizers = find_condition(team.status.conditions, "NamespaceFinalizersRemaining")
        assert remaining is not None
        assert remaining.message == "Some resources are remaining: configmaps. has 1 resource instances"
        assert finalizers is not None
        assert finalizers.message.endswith("example.com/wait in 1 resource instances")
        await cluster.client.patch(ConfigMap, "held", {"metadata": {"finalizers": None}}, "team")
        await cluster.after(10)
        assert await cluster.client.find(Namespace, "team") is None

    play(scenario)


def test_a_service_gets_endpoints_and_slices(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        service = Service(
            metadata=ObjectMeta(name="web", namespace="default"),
            spec=ServiceSpec(selector={"app": "web"}, ports=(ServicePort(port=80, targetPort=8080),)),
        )
        await cluster.client.create(service)
        await cluster.client.create(web(replicas=3))
        await cluster.after(10)
        slices = [
            each
            for each in await cluster.client.list(EndpointSlice, "default")
            if each.metadata.labels.get("kubernetes.io/service-name") == "web"
        ]
        (one,) = slices
        assert sorted(each.addresses for each in one.endpoints) == sorted(
            (pod.status.podIP,) for pod in await cluster.pods()
        )
        assert one.ports[0].port == 8080
        endpoints = await cluster.client.get(Endpoints, "web", "default")
        assert len(endpoints.subsets[0].addresses) == 3
        await cluster.client.delete(Service, "web", "default")
        await cluster.after(5)
        assert await cluster.client.find(Endpoints, "web", "default") is None
        left = await cluster.client.list(EndpointSlice, "default")
        assert [each for each in left if each.metadata.uid == one.metadata.uid] == []

    play(scenario)


def test_a_node_that_falls_silent_loses_its_pods(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=2))
        await cluster.after(20)
        cluster.kubelet.silent.add("n1")
        cluster.kubelet.works = False
        await cluster.after(70)
        lost = await cluster.client.get(Node, "n1")
        condition = find_condition(lost.status.conditions, "Ready")
        assert condition is not None
        assert (condition.status, condition.reason) == ("Unknown", "NodeStatusUnknown")
        assert {(taint.key, taint.effect) for taint in lost.spec.taints} == {
            ("node.kubernetes.io/unreachable", "NoSchedule"),
            ("node.kubernetes.io/unreachable", "NoExecute"),
        }
        pods = await cluster.pods()
        assert not any(is_ready(pod) for pod in pods)
        assert not any(pod.metadata.deletionTimestamp for pod in pods)
        await cluster.after(300)
        leaving = [pod for pod in await cluster.pods() if pod.metadata.deletionTimestamp]
        assert len(leaving) == 2
        condition = find_condition(leaving[0].status.conditions, "DisruptionTarget")
        assert condition is not None
        assert condition.reason == "DeletionByTaintManager"

    play(scenario)


def test_a_node_that_comes_back_keeps_its_pods(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=2))
        await cluster.after(20)
        before = {pod.metadata.uid for pod in await cluster.pods()}
        cluster.kubelet.silent.add("n1")
        await cluster.after(100)
        cluster.kubelet.silent.clear()
        await cluster.after(600)
        node = await cluster.client.get(Node, "n1")
        assert node.spec.taints == ()
        assert {pod.metadata.uid for pod in await cluster.pods()} == before

    play(scenario)


def test_pods_of_a_deleted_node_are_removed_after_a_while(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=2))
        await cluster.after(10)
        before = {pod.metadata.uid for pod in await cluster.pods()}
        cluster.kubelet.works = False
        cluster.kubelet.silent.add("n1")
        await cluster.client.delete(Node, "n1")
        await cluster.after(30)
        assert {pod.metadata.uid for pod in await cluster.pods()} == before
        await cluster.after(20)
        assert before.isdisjoint(pod.metadata.uid for pod in await cluster.pods())

    play(scenario)


def test_an_idle_cluster_looks_at_nothing_but_nodes(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=3))
        await cluster.after(20)

        def rounds() -> dict[str, int]:
            return {runner.controller.name: runner.rounds for runner in cluster.engine.runners}

        before = rounds()
        await cluster.after(3600)
        more = {name: count - before[name] for name, count in rounds().items() if count != before[name]}
        assert more.keys() <= {"node-lifecycle-controller", "deployment-controller"}
        assert more.get("deployment-controller", 0) <= 1  # its progress deadline passes, to no effect
        assert more["node-lifecycle-controller"] <= 3 * 3600 / 40
        assert cluster.engine.is_idle

    play(scenario)


def test_nobody_goes_on_trying_in_a_namespace_that_is_going(play: Any, web: Web, namespace: Any) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(namespace("team"))
        await cluster.client.create(web(replicas=2, namespace="team"))
        await cluster.after(10)
        cluster.kubelet.ends_pods = False
        await cluster.client.delete(Namespace, "team")
        await cluster.after(2)
        failures = sum(runner.failures for runner in cluster.engine.runners)
        await cluster.after(60)
        assert sum(runner.failures for runner in cluster.engine.runners) == failures

    play(scenario)


def test_stopping_finishes_what_is_under_way(play: Any, web: Web) -> None:
    async def scenario(cluster: Any) -> None:
        await cluster.client.create(web(replicas=3))
        await cluster.after(5)
        cluster.engine.stop()
        await cluster.after(1)
        await cluster.client.delete(await cluster.client.get(Deployment, "web", "default"))
        await cluster.after(10)
        assert len(await cluster.pods()) == 3

    play(scenario)
