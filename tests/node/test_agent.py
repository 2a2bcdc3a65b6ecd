"""The whole agent: pods that are bound to a node live and die there, whatever happens to the agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wherry.api.core.node import Node as ApiNode
from wherry.api.core.pod import Pod
from wherry.client.client import Client
from wherry.node.runtimes.fake import FakeRuntime
from wherry.node.runtimes.interface import ContainerState, RuntimeFailure


def is_running(pod: Pod) -> bool:
    return pod.status.phase == "Running" and all(s.ready for s in pod.status.containerStatuses)


def condition(pod: Pod, kind: str) -> str:
    return next((c.status for c in pod.status.conditions if c.type == kind), "")


async def test_a_bound_pod_runs_and_says_so(node: Any) -> None:
    await node.create("web")
    pod = await node.until("web", is_running)
    assert condition(pod, "Ready") == "True"
    assert pod.status.podIP
    assert pod.status.hostIP == "192.0.2.1"
    assert pod.status.containerStatuses[0].containerID.startswith("fake://")
    assert pod.status.containerStatuses[0].restartCount == 0


async def test_the_node_is_registered_and_ready(node: Any) -> None:
    found = await node.client.get(ApiNode, "n1")
    ready = next(c for c in found.status.conditions if c.type == "Ready")
    assert (ready.status, ready.reason) == ("True", "KubeletReady")
    assert found.metadata.labels["kubernetes.io/hostname"] == "n1"
    assert found.status.capacity["pods"] == "110"


async def test_events_tell_how_the_node_is(node: Any) -> None:
    assert await node.said("Starting") == ["Starting kubelet."]
    assert await node.said("NodeReady") == ["Node n1 status is now: NodeReady"]


async def test_a_deleted_pod_is_stopped_then_vanishes(node: Any) -> None:
    await node.create("web")
    await node.until("web", is_running)
    await node.client.delete(Pod, "web", "default")
    await node.until_gone("web")
    await node.until_true(lambda: not node.agent.workers)
    assert await node.runtime.list_sandboxes() == []


async def test_a_container_that_ends_well_under_OnFailure_ends_its_pod(node: Any) -> None:
    await node.create(
        "job", restartPolicy="OnFailure", containers=[{"name": "c", "image": "app:1", "command": ["true"]}]
    )
    pod = await node.until("job", lambda pod: pod.status.phase == "Succeeded")
    assert pod.status.containerStatuses[0].state.terminated.reason == "Completed"
    assert condition(pod, "Ready") == "False"


async def test_a_container_that_fails_under_Never_fails_its_pod(node: Any) -> None:
    await node.create(
        "job", restartPolicy="Never", containers=[{"name": "c", "image": "app:1", "command": ["false"]}]
    )
    pod = await node.until("job", lambda pod: pod.status.phase == "Failed")
    assert pod.status.containerStatuses[0].state.terminated.exitCode == 1


async def test_a_crashing_container_is_restarted_once_then_backed_off(node: Any) -> None:
    await node.create("bad", containers=[{"name": "c", "image": "app:1", "command": ["false"]}])

    def waits(pod: Pod) -> bool:
        statuses = pod.status.containerStatuses
        waiting = statuses[0].state.waiting if statuses and statuses[0].state else None
        return waiting is not None and waiting.reason == "CrashLoopBackOff"

    pod = await node.until("bad", waits)
    assert pod.status.containerStatuses[0].restartCount == 1
    assert (
        "back-off 10s restarting failed container=c" in pod.status.containerStatuses[0].state.waiting.message
    )
    assert pod.status.phase == "Running"
    said = await node.said("BackOff")
    assert said == [f"Back-off restarting failed container c in pod bad_default({pod.metadata.uid})"]


async def test_init_containers_run_in_order_before_the_rest(node: Any) -> None:
    await node.create(
        "web",
        initContainers=[
            {"name": "one", "image": "app:1", "command": ["true"]},
            {"name": "two", "image": "app:1", "command": ["true"]},
        ],
    )
    pod = await node.until("web", is_running)
    assert [s.state.terminated.exitCode for s in pod.status.initContainerStatuses] == [0, 0]
    assert all(s.ready for s in pod.status.initContainerStatuses)
    assert condition(pod, "Initialized") == "True"


async def test_sidecars_start_first_and_stay(node: Any) -> None:
    await node.create("web", initContainers=[{"name": "side", "image": "app:1", "restartPolicy": "Always"}])
    pod = await node.until("web", is_running)
    assert pod.status.initContainerStatuses[0].started
    assert pod.status.initContainerStatuses[0].ready


async def test_a_restarted_agent_takes_pods_over_and_restarts_nothing(node: Any) -> None:
    await node.create("web")
    before = await node.until("web", is_running)
    await node.stop()
    await node.start()
    await node.create("other")
    await node.until("other", is_running)
    after = await node.client.get(Pod, "web", "default")
    assert after.status == before.status
    containers = await node.runtime.list_containers()
    assert len([c for c in containers if c.labels["io.kubernetes.pod.name"] == "web"]) == 1


async def test_containers_lost_with_all_their_traces_are_restarted_and_counted(node: Any) -> None:
    await node.create("web")
    before = await node.until("web", is_running)
    await node.stop()
    node.runtime = FakeRuntime(node.clock)
    await node.start()

    def is_again(pod: Pod) -> bool:
        statuses = pod.status.containerStatuses
        return is_running(pod) and statuses[0].restartCount > before.status.containerStatuses[0].restartCount

    status = (await node.until("web", is_again)).status.containerStatuses[0]
    assert status.restartCount == 1
    assert status.lastState.terminated.reason == "ContainerStatusUnknown"
    assert status.lastState.terminated.exitCode == 137


async def test_pods_deleted_while_the_agent_was_away_are_removed(node: Any) -> None:
    await node.create("web")
    await node.until("web", is_running)
    await node.stop()
    await node.client.delete(Pod, "web", "default", grace=0)
    await node.start()
    await node.until_true(lambda: not node.runtime._sandboxes)


async def test_a_lost_sandbox_is_replaced(node: Any) -> None:
    await node.create("web")
    await node.until("web", is_running)
    sandbox = (await node.runtime.list_sandboxes())[0]
    await node.runtime.stop_sandbox(sandbox.id)
    pod = await node.until(
        "web", lambda pod: is_running(pod) and pod.status.containerStatuses[0].restartCount == 1
    )
    assert pod.status.containerStatuses[0].lastState.terminated.exitCode == 137


async def test_a_pod_that_asks_for_too_much_is_turned_away(node: Any) -> None:
    big = {"requests": {"memory": "100Ti"}}
    await node.create("big", containers=[{"name": "c", "image": "app:1", "resources": big}])
    pod = await node.until("big", lambda pod: pod.status.phase == "Failed")
    assert pod.status.reason == "OutOfmemory"


async def test_a_missing_configmap_is_waited_for(node: Any) -> None:
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "absent", "key": "a"}}}]
    await node.create("web", containers=[{"name": "c", "image": "app:1", "env": env}])

    def waits(pod: Pod) -> bool:
        statuses = pod.status.containerStatuses
        waiting = statuses[0].state.waiting if statuses and statuses[0].state else None
        return waiting is not None and waiting.reason == "CreateContainerConfigError"

    pod = await node.until("web", waits)
    assert pod.status.containerStatuses[0].state.waiting.message == 'configmap "absent" not found'


async def test_an_image_that_cannot_be_pulled_is_tried_again_later(node: Any) -> None:
    node.runtime.failing["pull"] = RuntimeFailure("no such image")
    await node.create("web")

    def reason(pod: Pod) -> str:
        statuses = pod.status.containerStatuses
        waiting = statuses[0].state.waiting if statuses and statuses[0].state else None
        return waiting.reason if waiting else ""

    await node.until("web", lambda pod: reason(pod) == "ErrImagePull")
    await node.until("web", lambda pod: reason(pod) == "ImagePullBackOff")


async def test_an_ephemeral_container_joins_a_running_pod(node: Any) -> None:
    await node.create("web")
    await node.until("web", is_running)
    patch = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "tool:1"}]}}
    await node.client.patch(Pod, "web", patch, "default", type="strategic", subresource="ephemeralcontainers")
    pod = await node.until(
        "web",
        lambda pod: any(s.state and s.state.running for s in pod.status.ephemeralContainerStatuses),
    )
    assert is_running(pod)
    assert ContainerState.RUNNING in {c.state for c in await node.runtime.list_containers()}


class Flaky:
    """A transport whose calls fail while it is cut."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.cut = False

    async def call(self, *args: Any, **more: Any) -> bytes:
        if self.cut:
            raise ConnectionRefusedError("the API server is away")
        found: bytes = await self.inner.call(*args, **more)
        return found

    def watch(self, *args: Any, **more: Any) -> Any:
        return self.inner.watch(*args, **more)

    async def close(self) -> None:
        return None


async def test_pods_go_on_while_the_api_is_away_and_it_is_told_later(
    make_node: Any, client: Client, tmp_path: Path
) -> None:
    transport = Flaky(client.transport)
    node = make_node(Client(transport), tmp_path)
    await node.start()
    await node.create("web")
    await node.until("web", is_running)
    transport.cut = True
    [first] = await node.runtime.list_containers()
    node.runtime.exit(first.id, 1)

    async def is_restarted() -> bool:
        states = [each.state for each in await node.runtime.list_containers()]
        return ContainerState.RUNNING in states

    await node.until_true(is_restarted)
    transport.cut = False
    pod = await node.until("web", lambda pod: pod.status.containerStatuses[0].restartCount == 1)
    assert pod.status.containerStatuses[0].lastState.terminated.exitCode == 1
    await node.stop()


async def test_a_runtime_that_fails_for_a_while_is_tried_again(node: Any) -> None:
    node.runtime.failing["run_sandbox"] = RuntimeFailure("not now")
    await node.create("web")
    await node.until("web", lambda pod: condition(pod, "PodReadyToStartContainers") == "False")
    del node.runtime.failing["run_sandbox"]
    await node.until("web", is_running)


async def test_a_readiness_gate_holds_the_pod_back(node: Any) -> None:
    await node.create("web", readinessGates=[{"conditionType": "example.com/gate"}])
    await node.until("web", lambda pod: condition(pod, "ContainersReady") == "True")
    pod = await node.client.get(Pod, "web", "default")
    assert condition(pod, "Ready") == "False"
    gate = {"status": {"conditions": [{"type": "example.com/gate", "status": "True"}]}}
    await node.client.patch(Pod, "web", gate, "default", type="strategic", subresource="status")
    await node.until("web", lambda pod: condition(pod, "Ready") == "True")


async def test_force_deletion_stops_what_runs(node: Any) -> None:
    await node.create("web")
    await node.until("web", is_running)
    await node.client.delete(Pod, "web", "default", grace=0)
    await node.until_true(lambda: not node.agent.workers)
    assert await node.runtime.list_containers() == []


async def test_a_pod_with_a_finalizer_ends_and_waits(node: Any) -> None:
    await node.create("web")
    await node.until("web", is_running)
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    await node.client.patch(Pod, "web", hold, "default")
    await node.client.delete(Pod, "web", "default")
    pod = await node.until("web", lambda pod: pod.status.phase in ("Succeeded", "Failed"))
    assert pod.metadata.finalizers == ("example.com/hold",)
    await node.client.patch(Pod, "web", {"metadata": {"finalizers": None}}, "default")
    await node.until_gone("web")
    await node.until_true(lambda: not node.agent.workers)


async def test_a_post_start_hook_that_fails_restarts_the_container(node: Any) -> None:
    hook = {"postStart": {"exec": {"command": ["false"]}}}
    await node.create("web", containers=[{"name": "c", "image": "app:1", "lifecycle": hook}])
    pod = await node.until(
        "web",
        lambda pod: bool(pod.status.containerStatuses) and pod.status.containerStatuses[0].restartCount == 1,
    )
    assert not pod.status.containerStatuses[0].ready
