"""The agent with a real containerd: containers, volumes, logs, and what the API server asks of it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from wherry.api.core.configmap import ConfigMap
from wherry.api.core.pod import Pod
from wherry.client.client import Client
from wherry.machinery.meta import ObjectMeta
from wherry.node.runtimes import cgroups, images
from wherry.node.runtimes.daemon import Daemon
from wherry.node.runtimes.settings import Settings

pytestmark = pytest.mark.machine

BRIDGE = "wherrynode0"
CGROUP = "/wherrynode"


def network(ipam: Path) -> str:
    ranges = {"type": "host-local", "dataDir": str(ipam), "ranges": [[{"subnet": "10.198.0.0/24"}]]}
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipMasq": False, "ipam": ranges}
    return json.dumps({"cniVersion": "0.4.0", "name": "wherrynode", "plugins": [bridge]})


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, clock: Any) -> Iterator[Daemon]:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    folder = tmp_path_factory.mktemp("c")
    (folder / "cni").mkdir()
    (folder / "cni" / "10.conflist").write_text(network(folder / "ipam"))
    settings = Settings(
        folder=str(folder / "d"), cni_conf_dir=str(folder / "cni"), sandbox_image=images.PAUSE
    )
    daemon = Daemon(settings, clock)
    try:
        asyncio.run(_load(daemon, folder))
        yield daemon
    finally:
        asyncio.run(daemon.stop())
        subprocess.run(["ip", "link", "del", BRIDGE], check=False, capture_output=True)
        cgroups.detect().remove(CGROUP)


async def _load(daemon: Daemon, folder: Path) -> None:
    images.write_pause(str(folder / "pause.tar"))
    images.write_busybox(str(folder / "busybox.tar"))
    runtime = await daemon.start()
    await runtime.load(str(folder / "pause.tar"))
    await runtime.load(str(folder / "busybox.tar"))
    await runtime.close()


@pytest.fixture
async def real(daemon: Daemon, make_node: Any, client: Client, tmp_path: Path) -> AsyncIterator[Any]:
    runtime = await daemon.start()
    node = make_node(client, tmp_path, runtime=runtime, cgroup_root=CGROUP, may_mount=True)
    await node.start()
    yield node
    for pod in await client.list(Pod):
        await client.delete(pod, grace=1)
    await node.until_true(lambda: not node.agent.workers)
    await node.stop()
    await runtime.close()


def busybox(*command: str, **more: object) -> dict[str, object]:
    return {"name": "c", "image": images.BUSYBOX, "command": ["/bin/busybox", *command], **more}


def is_running(pod: Pod) -> bool:
    return pod.status.phase == "Running" and all(s.ready for s in pod.status.containerStatuses)


async def test_a_pod_runs_with_volumes_and_says_its_last_words(real: Any) -> None:
    await real.client.create(ConfigMap(metadata=ObjectMeta(name="cm", namespace="default"), data={"k": "v"}))
    script = (
        "cat /cm/k /sub/k > /tmp/out && id -u >> /tmp/out && hostname >> /tmp/out && "
        "cat /tmp/out > /dev/termination-log; cat /tmp/out; exit 3"
    )
    mounts = [
        {"name": "cm", "mountPath": "/cm"},
        {"name": "mem", "mountPath": "/tmp"},
        {"name": "cm", "mountPath": "/sub/k", "subPath": "k"},
    ]
    await real.create(
        "job",
        restartPolicy="Never",
        containers=[busybox("sh", "-c", script, volumeMounts=mounts, securityContext={"runAsUser": 7})],
        volumes=[
            {"name": "cm", "configMap": {"name": "cm"}},
            {"name": "mem", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}},
        ],
    )
    pod = await real.until("job", lambda pod: pod.status.phase == "Failed")
    ended = pod.status.containerStatuses[0].state.terminated
    assert (ended.exitCode, ended.message) == (3, "vv7\njob\n")


async def test_a_pod_that_does_not_listen_is_killed_after_its_grace(real: Any) -> None:
    await real.create("web", containers=[busybox("sleep", "1000")])
    await real.until("web", is_running)
    await real.client.delete(Pod, "web", "default", grace=1)
    await real.until_gone("web")
    await real.until_true(lambda: not real.agent.workers)
    assert await real.runtime.list_containers() == []


async def test_a_crashed_containerd_and_a_restarted_agent_disturb_no_pod(real: Any, daemon: Daemon) -> None:
    await real.create("web", containers=[busybox("sleep", "1000")])
    before = await real.until("web", is_running)
    daemon.kill()
    await (await daemon.start()).close()
    await real.create("other", containers=[busybox("sleep", "1000")])
    await real.until("other", is_running)
    await real.stop()
    await real.start()
    await real.create("third", containers=[busybox("sleep", "1000")])
    await real.until("third", is_running)
    after = await real.client.get(Pod, "web", "default")
    assert after.status == before.status


async def test_a_killed_process_is_restarted(real: Any) -> None:
    await real.create("web", containers=[busybox("sh", "-c", "sleep 0.3; exit 1")])
    pod = await real.until(
        "web",
        lambda pod: (
            pod.status.containerStatuses[:1] != () and pod.status.containerStatuses[0].restartCount == 1
        ),
    )
    assert pod.status.containerStatuses[0].lastState.terminated.exitCode == 1


async def test_probes_decide_over_readiness(real: Any) -> None:
    probe = {"exec": {"command": ["/bin/busybox", "test", "-e", "/tmp/ready"]}, "periodSeconds": 1}
    script = "sleep 1; touch /tmp/ready; sleep 1000"
    mounts = [{"name": "tmp", "mountPath": "/tmp"}]
    await real.create(
        "web",
        containers=[busybox("sh", "-c", script, readinessProbe=probe, volumeMounts=mounts)],
        volumes=[{"name": "tmp", "emptyDir": {}}],
    )
    await real.until("web", lambda pod: pod.status.phase == "Running" and not is_running(pod))
    await real.until("web", is_running)
