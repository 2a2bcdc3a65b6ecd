"""Pod start: what the node agent adds to the container runtime's own time, image present.

    python bench/podstart.py [--pods 10]

Needs root, containerd and runc. Starts a containerd of its own in a temporary folder, an API server in
this process, and one node agent; removes everything it made.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import msgspec

from wherry.api.core.configmap import ConfigMap
from wherry.api.core.namespace import Namespace
from wherry.api.core.pod import Pod
from wherry.api.core.serviceaccount import ServiceAccount
from wherry.apiserver.server import ApiServer
from wherry.apiserver.server import Settings as ServerSettings
from wherry.client.client import Client
from wherry.cluster import pki
from wherry.cluster.clock import SystemClock
from wherry.cluster.inprocess import InProcess
from wherry.machinery.errors import AlreadyExists
from wherry.machinery.meta import ObjectMeta
from wherry.node.agent import Agent
from wherry.node.config import AgentConfig
from wherry.node.runtimes import cgroups, images
from wherry.node.runtimes.daemon import Daemon
from wherry.node.runtimes.interface import ContainerConfig, Runtime, SandboxConfig
from wherry.node.runtimes.settings import Settings
from wherry.store.memory import MemoryStore

BRIDGE = "wherrybench0"
CGROUP = "/wherrybench"
COMMAND = ("/bin/busybox", "sleep", "1000")


def network(ipam: Path) -> str:
    ranges = {"type": "host-local", "dataDir": str(ipam), "ranges": [[{"subnet": "10.197.0.0/16"}]]}
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipMasq": False, "ipam": ranges}
    return json.dumps({"cniVersion": "0.4.0", "name": "wherrybench", "plugins": [bridge]})


async def runtime_alone(runtime: Runtime, count: int, logs: Path) -> list[float]:
    """Seconds from the sandbox's request to the container's start."""
    found = await runtime.image_status(images.BUSYBOX)
    assert found is not None
    seconds = []
    for number in range(count):
        began = time.perf_counter()
        pod = SandboxConfig(
            name=f"bare{number}",
            namespace="bench",
            uid=f"bare{number}",
            log_directory=str(logs),
            cgroup_parent=f"{CGROUP}/bare{number}",
        )
        box = await runtime.run_sandbox(pod)
        config = ContainerConfig(name="c", image=found.id, command=COMMAND, log_path=f"{number}.log")
        await runtime.start_container(await runtime.create_container(box, config, pod))
        seconds.append(time.perf_counter() - began)
        await runtime.stop_sandbox(box)
        await runtime.remove_sandbox(box)
    return seconds


async def through_the_agent(client: Client, count: int) -> list[float]:
    """Seconds from creating a bound pod to its being Running in the API."""
    seconds = []
    for number in range(count):
        spec = {
            "nodeName": "bench",
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "c", "image": images.BUSYBOX, "command": list(COMMAND)}],
        }
        tree = {"metadata": {"name": f"p{number}", "namespace": "default"}, "spec": spec}
        watch = client.watch(Pod, fieldSelector=f"metadata.name=p{number}")
        began = time.perf_counter()
        await client.create(msgspec.convert(tree, Pod))
        async for events in watch:
            if any(event.object and event.object.status.phase == "Running" for event in events):
                break
        seconds.append(time.perf_counter() - began)
        await client.delete(Pod, f"p{number}", "default", grace=0)
    return seconds


async def measure(folder: Path, count: int) -> None:
    clock = SystemClock()
    store = MemoryStore(clock=clock)
    key = pki.Folder(folder / "pki", clock.now()).key("service-accounts")
    server = ApiServer(
        store, clock, ServerSettings(version="v1.37.0", advertise="192.0.2.9", service_account_key=key)
    )
    await server.start()
    client = Client(InProcess(server.api))
    root = ConfigMap(metadata=ObjectMeta(name="kube-root-ca.crt", namespace="default"), data={"ca.crt": ""})
    for obj in (
        root,
        Namespace(metadata=ObjectMeta(name="kube-node-lease")),
        ServiceAccount(metadata=ObjectMeta(name="default", namespace="default")),
    ):
        with contextlib.suppress(AlreadyExists):
            await client.create(obj)
    (folder / "cni").mkdir()
    (folder / "cni" / "10.conflist").write_text(network(folder / "ipam"))
    settings = Settings(
        folder=str(folder / "d"), cni_conf_dir=str(folder / "cni"), sandbox_image=images.PAUSE
    )
    daemon = Daemon(settings, clock)
    runtime = await daemon.start()
    try:
        images.write_pause(str(folder / "pause.tar"))
        images.write_busybox(str(folder / "busybox.tar"))
        await runtime.load(str(folder / "pause.tar"))
        await runtime.load(str(folder / "busybox.tar"))
        await runtime_alone(runtime, 2, folder)  # warm
        bare = await runtime_alone(runtime, count, folder)
        config = AgentConfig(node_name="bench", data_folder=folder / "agent", cgroup_root=CGROUP)
        agent = Agent(config, client.transport, runtime, clock)
        task = asyncio.create_task(agent.run())
        await agent.keeper.became_ready()
        whole = await through_the_agent(client, count)
        for name, seconds in (("runtime alone", bare), ("bound pod to Running", whole)):
            print(f"{name}: median {statistics.median(seconds):.3f} s, worst {max(seconds):.3f} s")
        print(f"overhead: {statistics.median(whole) - statistics.median(bare):.3f} s")
        while agent.workers:  # noqa: ASYNC110 the last pods are on their way out
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
    finally:
        await daemon.stop()
        await runtime.close()
        await server.close()
        await store.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pods", type=int, default=10)
    count = parser.parse_args().pods
    if os.geteuid() != 0:
        raise SystemExit("this needs root: it starts containers")
    with tempfile.TemporaryDirectory(prefix="wherry-bench-") as folder:
        try:
            asyncio.run(measure(Path(folder), count))
        finally:
            subprocess.run(["ip", "link", "del", BRIDGE], check=False, capture_output=True)
            cgroups.detect().remove(CGROUP)


if __name__ == "__main__":
    main()
