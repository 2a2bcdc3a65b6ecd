"""NodeProcess: what a node runs: a container runtime, the node agent, the pod network, the Service proxy."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from wherry import __version__
from wherry.api.core.namespace import Namespace
from wherry.api.registry import resource_for
from wherry.client.http import HttpTransport
from wherry.client.kubeconfig import Access
from wherry.cluster.clock import SystemClock
from wherry.cluster.config import Config
from wherry.cluster.network import NodeNetwork
from wherry.machinery.clock import Clock
from wherry.machinery.errors import StatusError
from wherry.network.proxy.proxier import Proxier
from wherry.node.agent import Agent
from wherry.node.config import AgentConfig
from wherry.node.runtimes.containerd import find
from wherry.node.runtimes.cri.runtime import CriRuntime
from wherry.node.runtimes.daemon import Daemon
from wherry.node.runtimes.images import PAUSE, write_pause
from wherry.node.runtimes.interface import RuntimeFailure
from wherry.node.runtimes.settings import Settings

RETRY_SECONDS = 0.05


def containerd_settings(config: Config) -> Settings:
    return Settings(
        folder=str(config.data_dir / "containerd"),
        cni_conf_dir=str(config.data_dir / "cni"),
        sandbox_image=PAUSE,
    )


async def runtime_of(config: Config) -> CriRuntime:
    """The runtime that the cluster's node uses; it must be running."""
    settings = containerd_settings(config)
    socket = config.containerd or settings.socket
    found = await find(socket, SystemClock(), "" if config.containerd else settings.pipes)
    if found is None:
        advice = "start the cluster with `wherry up`"
        if config.containerd:
            advice = "start it, or leave the setting `containerd` out to have one started"
        raise RuntimeFailure(f"no container runtime answers on {socket}: {advice}")
    return found


@contextlib.asynccontextmanager
async def container_runtime(config: Config, clock: Clock) -> AsyncIterator[CriRuntime]:
    """The runtime named in the configuration, or a containerd of our own. It outlives this process."""
    if config.containerd:
        runtime = await runtime_of(config)
        keeper = None
    else:
        daemon = Daemon(containerd_settings(config), clock)
        runtime = await daemon.start()
        keeper = asyncio.create_task(daemon.keep(), name="containerd keeper")
    try:
        await _ensure_pause(config, runtime)
        yield runtime
    finally:
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        await runtime.close()


async def _ensure_pause(config: Config, runtime: CriRuntime) -> None:
    """The image that holds a Pod's namespaces; written here, so that no registry is needed."""
    if await runtime.image_status(PAUSE) is not None:
        return
    file = config.data_dir / "images" / "pause.tar"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_pause(str(file))
    await runtime.load(str(file))


def cgroup_root(config: Config) -> str:
    return f"/{config.context}"


def agent_config(config: Config, network: NodeNetwork) -> AgentConfig:
    name = f"node-{config.node_name}"
    return AgentConfig(
        node_name=config.node_name,
        data_folder=config.data_dir / "agent",
        node_ip=config.node_ip,
        certificate=config.pki / f"{name}.crt",
        key=config.pki / f"{name}.key",
        client_ca=config.pki / "ca.crt",
        port=config.agent_port,
        pod_cidr=network.pod_cidr,
        cgroup_root=cgroup_root(config),
        version=f"v1.37.0+wherry-{__version__}",
    )


def access(config: Config) -> Access:
    """How the node reaches the API server, as itself."""
    name = f"node-{config.node_name}"
    return Access(
        server=config.url,
        ca=_read(config.pki / "ca.crt"),
        certificate=_read(config.pki / f"{name}.crt"),
        key=_read(config.pki / f"{name}.key"),
    )


def _read(path: Path) -> bytes:
    return path.read_bytes()


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[None]:
    """A node that is Ready, for as long as the block lasts. Its Pods outlive it."""
    clock = SystemClock()
    network = NodeNetwork(config)
    await network.set_up()
    transport = HttpTransport.to(access(config), clock, user_agent="kubelet")
    async with container_runtime(config, clock) as runtime:
        await _answers(transport)
        agent = Agent(agent_config(config, network), transport, runtime, clock)
        proxier = network.proxier(agent.caches, clock)
        work = [
            asyncio.create_task(agent.run(), name="node agent"),
            asyncio.create_task(proxier.run(), name="service proxy"),
        ]
        ready = asyncio.create_task(_ready(agent, proxier), name="node ready")
        try:
            await _first(ready, work)
            yield
        finally:
            for task in (*work, ready):
                task.cancel()
            await asyncio.gather(*work, ready, return_exceptions=True)
            await transport.close()


async def _answers(transport: HttpTransport) -> None:
    """Wait for the API server: it is started at the same time, or starts again."""
    resource = resource_for(Namespace)
    while True:
        try:
            await transport.call("list", resource, params={"limit": "1"})
            return
        except ConnectionError:
            await asyncio.sleep(RETRY_SECONDS)
        except StatusError:
            return  # it answers; that it refuses this question is no matter


async def _ready(agent: Agent, proxier: Proxier) -> None:
    await agent.keeper.became_ready()
    await proxier.applied()


async def _first(ready: asyncio.Task[None], work: list[asyncio.Task[None]]) -> None:
    """Return when the node is ready; raise what a part of it failed with before."""
    await asyncio.wait([*work, ready], return_when=asyncio.FIRST_COMPLETED)
    for task in work:
        if task.done():
            await task
