"""ControlPlane: store, API server, controllers and scheduler in one process and one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator

from wherry import __version__
from wherry.apiserver.server import ApiServer, Settings
from wherry.client.cache import Caches
from wherry.client.client import Client
from wherry.client.events import Broadcaster
from wherry.cluster.clock import SystemClock
from wherry.cluster.config import Config
from wherry.cluster.credentials import Credentials, admin_access, publish
from wherry.cluster.dialer import PooledDialer
from wherry.cluster.inprocess import InProcess
from wherry.machinery.clock import Clock
from wherry.manager.engine import Engine
from wherry.scheduler.service import NAME as SCHEDULER
from wherry.scheduler.service import Scheduler
from wherry.store.interface import Store
from wherry.store.memory import MemoryStore
from wherry.wire.tls import server_context


async def open_store(config: Config, clock: Clock) -> Store:
    if config.store == "memory":
        return MemoryStore(clock=clock)
    from wherry.store.sqlite import SqliteStore  # a process with another store needs no SQLite

    folder = config.data_dir / "store"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return await SqliteStore.open(folder / "wherry.db", clock=clock)


class ControlPlane:
    """Controllers and scheduler over an API server that has been started."""

    def __init__(self, server: ApiServer, clock: Clock, *, ca: bytes = b"") -> None:
        api = server.api
        self.caches = Caches(InProcess(api), clock)
        self.engine = Engine(
            Client(InProcess(api, agent="kube-controller-manager")), self.caches, clock, ca=ca
        )
        client = Client(InProcess(api, agent="kube-scheduler"))
        self.events = Broadcaster(client, clock)
        self.scheduler = Scheduler(client, self.caches, clock, self.events.recorder(SCHEDULER))

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.caches.run(), name="caches")
            group.create_task(self.events.run(), name="scheduler events")
            group.create_task(self.engine.run(), name="controllers")
            group.create_task(self.scheduler.run(), name="scheduler")


@contextlib.asynccontextmanager
async def running(config: Config, credentials: Credentials) -> AsyncIterator[ApiServer]:
    """A whole control plane that answers on its port, for as long as the block lasts."""
    clock = SystemClock()
    store = await open_store(config, clock)
    settings = Settings(
        version=__version__,
        host=config.host,
        port=config.port,
        advertise=config.node_ip,
        service_cidr=config.service_cidr,
        ca=credentials.ca.decode(),
        service_account_key=credentials.service_account_key,
    )
    server = ApiServer(store, clock, settings)
    dialer = PooledDialer(credentials.ca, credentials.to_agents)
    try:
        await server.start()
        tls = server_context(credentials.server.certificate, credentials.server.key, credentials.ca)
        await server.serve(tls, dialer)
        # Only now: a process that finds its store or port taken leaves the other one's file alone.
        publish(config.kubeconfig, config.context, admin_access(config, credentials))
        plane = ControlPlane(server, clock, ca=credentials.ca)
        # What has been made by now stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        work = asyncio.create_task(plane.run(), name="control plane")
        try:
            yield server
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
    finally:
        await server.close()
        await dialer.close()
        await store.close()
