"""Engine: a set of controllers at work on one set of caches."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence

from wherry import controllers
from wherry.client.cache import Caches
from wherry.client.client import Client
from wherry.client.events import Broadcaster
from wherry.controllers.contract import CONTROLLERS, Controller
from wherry.controllers.rootcacertpublisher import publisher
from wherry.machinery.clock import Clock
from wherry.manager.gc import GarbageCollector
from wherry.manager.namespaces import NamespaceDeleter
from wherry.manager.resources import Resources
from wherry.manager.runner import Runner

ClientFor = Callable[[str], Client]
"""The client that acts as an account: a controller's ServiceAccount."""


def registered() -> Sequence[Controller]:
    """Every controller in the controllers' folder, by name."""
    for module in pkgutil.iter_modules(controllers.__path__):
        importlib.import_module(f"{controllers.__name__}.{module.name}")
    return [CONTROLLERS[name] for name in sorted(CONTROLLERS)]


class Engine:
    """Runs controllers, garbage collector and namespace deletion. The caches are fed by whoever owns them.

    `ca` is the cluster's CA certificate, to be published in all namespaces. `which`: the controllers to
    run, by default all. `client_for`: whom each account's calls are made as, by default `client`.
    """

    def __init__(
        self,
        client: Client,
        caches: Caches,
        clock: Clock,
        *,
        ca: bytes = b"",
        which: Iterable[Controller] | None = None,
        client_for: ClientFor | None = None,
    ) -> None:
        client_for = client_for or (lambda account: client)
        chosen = list(registered() if which is None else which)
        if ca and which is None:
            chosen.append(publisher(ca.decode()))
        self._broadcaster = Broadcaster(client, clock)
        recorder = self._broadcaster.recorder
        self.runners = [
            Runner(each, client_for(each.account), caches, recorder(each.source), clock) for each in chosen
        ]
        resources = Resources(caches)
        self.collector = GarbageCollector(
            client_for("generic-garbage-collector"),
            caches,
            resources,
            recorder("garbage-collector-controller"),
        )
        self.deleter = NamespaceDeleter(client_for("namespace-controller"), caches, resources, clock)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be done until something changes or a timer rings."""
        return (
            all(runner.is_idle for runner in self.runners) and self.collector.is_idle and self.deleter.is_idle
        )

    async def run(self) -> None:
        """Work until `stop` is called, or until cancelled."""
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._broadcaster.run(), name="events")
            async with asyncio.TaskGroup() as work:
                for runner in self.runners:
                    work.create_task(runner.run(), name=runner.controller.name)
                work.create_task(self.collector.run(), name="garbage collector")
                work.create_task(self.deleter.run(), name="namespace controller")
            await self._broadcaster.flushed()
            writer.cancel()

    def stop(self) -> None:
        """Finish what is under way, begin nothing else, and return from `run`."""
        for runner in self.runners:
            runner.stop()
        self.collector.stop()
        self.deleter.stop()
