"""Stopping: how a container goes down: preStop, the signal, the kill, all before one deadline."""

from __future__ import annotations

import asyncio
import logging

from wherry.api.core.container import Container
from wherry.api.core.pod import Pod
from wherry.node.facts import Cause, Stop
from wherry.node.hooks import HookFailure, run_hook
from wherry.node.tools import Tools

log = logging.getLogger(__name__)

LEAST_GRACE = 2.0  # seconds between the signal and the kill, however long the hook took


class Stopper:
    """Stops one pod's containers. `condemned` says of each why, also after it has ended."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.condemned: dict[str, Cause] = {}
        self._hooked: set[str] = set()

    async def stop(self, pod: Pod, stop: Stop, host: str) -> None:
        if stop.run not in self.condemned:
            self._tools.recorder.pod_event(pod, "Normal", "Killing", stop.message, stop.name)
        self.condemned[stop.run] = stop.cause
        await self._run_hook(pod, stop, host)
        left = (stop.deadline - self._tools.clock.now()).total_seconds()
        await self._tools.runtime.stop_container(stop.run, max(left, LEAST_GRACE))
        await self._tools.observer.look_at(stop.run)

    async def _run_hook(self, pod: Pod, stop: Stop, host: str) -> None:
        """Once a run, and no longer than the deadline; a stop with an earlier one does not run it again."""
        container = _spec_of(pod, stop.name)
        hook = container.lifecycle.preStop if container and container.lifecycle else None
        if container is None or hook is None or stop.run in self._hooked:
            return
        self._hooked.add(stop.run)
        left = (stop.deadline - self._tools.clock.now()).total_seconds()
        try:
            async with asyncio.timeout(max(left, 0)):
                await run_hook(hook, container, stop.run, host, self._tools.runtime)
        except TimeoutError:
            log.info("A preStop hook did not end in time.", extra={"container": stop.name})
        except HookFailure as error:
            message = f"PreStopHook failed: {error}"
            self._tools.recorder.pod_event(pod, "Warning", "FailedPreStopHook", message, stop.name)

    def forget(self, run: str) -> None:
        self.condemned.pop(run, None)
        self._hooked.discard(run)


def _spec_of(pod: Pod, name: str) -> Container | None:
    containers = (*pod.spec.initContainers, *pod.spec.containers)
    return next((container for container in containers if container.name == name), None)
