"""The same controllers in a process of their own: over HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence

from wherry.api.apps.deployment import Deployment
from wherry.api.core.pod import Pod
from wherry.apiserver.call import LOOPBACK
from wherry.apiserver.server import ApiServer, Settings
from wherry.client.cache import Caches, Change
from wherry.client.client import Client
from wherry.client.http import HttpTransport
from wherry.client.kubeconfig import Access
from wherry.cluster.clock import SystemClock
from wherry.manager.engine import Engine
from wherry.store.memory import MemoryStore
from wherry.wire.client import HttpClient


class NoAgents:
    """A dialer for a cluster without nodes."""

    def agent(self, host: str, port: int) -> HttpClient:
        raise AssertionError("nobody asks for an agent here")

    def plain(self, scheme: str, host: str, port: int) -> HttpClient:
        raise AssertionError("nobody asks for a Pod here")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_deployment_becomes_pods_over_http(web: Callable[..., Deployment]) -> None:
    clock = SystemClock()
    port = free_port()
    tokens = {"secret": LOOPBACK}
    settings = Settings(version="test", port=port, advertise="192.0.2.1", static_tokens=tokens)
    server = ApiServer(MemoryStore(clock=clock), clock, settings)
    await server.start()
    await server.serve(None, NoAgents())
    transport = HttpTransport.to(Access(server=f"http://127.0.0.1:{port}", token="secret"), clock)
    client = Client(transport)
    caches = Caches(transport, clock)
    engine = Engine(client, caches, clock)
    work = [asyncio.create_task(caches.run()), asyncio.create_task(engine.run())]
    try:
        enough = asyncio.Event()
        pods = caches.of(Pod)

        def count(changes: Sequence[Change[Pod]]) -> None:
            if len(pods) == 5:
                enough.set()

        pods.subscribe(count)
        await client.create(web(replicas=5))
        await asyncio.wait_for(enough.wait(), 10)
        await client.delete(Deployment, "web", "default", propagation="Background")
    finally:
        engine.stop()
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await client.close()
        await server.close()
