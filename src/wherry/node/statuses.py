"""Statuses: keeps the API informed of every pod's status: the newest one, each change once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from wherry.api.core.pod import Pod
from wherry.api.core.podstatus import PodStatus
from wherry.client.client import Client
from wherry.machinery.errors import Conflict, NotFound, StatusError
from wherry.node.statuspatch import status_patch

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0  # seconds between attempts while the API is away

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class PodStatuses:
    """One pod's status on its way to the API. While one is being sent, only the newest of the next waits."""

    def __init__(self, client: Client, spawn: Spawn, pod: Pod) -> None:
        self._client = client
        self._spawn = spawn
        self._pod = pod
        self._wanted: PodStatus | None = None
        self._task: asyncio.Task[None] | None = None

    def heard(self, pod: Pod) -> None:
        """The API has told of the pod: later differences are counted from here."""
        if _revision(pod) >= _revision(self._pod):
            self._pod = pod

    def tell(self, status: PodStatus) -> None:
        self._wanted = status
        idle = self._task is None or self._task.done()
        if idle and status_patch(self._pod.status, status, self._pod.metadata.uid) is not None:
            self._task = self._spawn(self._send())

    async def told(self) -> None:
        """Wait until the API knows the newest status, or does not want to know it."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _send(self) -> None:
        wait = FIRST_WAIT
        while self._wanted is not None:
            meta = self._pod.metadata
            patch = status_patch(self._pod.status, self._wanted, meta.uid)
            if patch is None:
                return
            try:
                answer = await self._client.patch(
                    Pod, meta.name, patch, meta.namespace, type="strategic", subresource="status"
                )
            except (NotFound, Conflict):
                return  # there is no such pod any more, or another one of its name
            except (StatusError, ConnectionError, TimeoutError) as error:
                details = {"pod": meta.name, "namespace": meta.namespace, "error": str(error)}
                log.info("A pod's status could not be sent and will be sent again.", extra=details)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
                continue
            if patch["status"] and answer.metadata.resourceVersion == meta.resourceVersion:
                return  # the server takes it for what it had: saying it again changes nothing
            self._pod = answer


def _revision(pod: Pod) -> int:
    text = pod.metadata.resourceVersion
    return int(text) if text.isdigit() else 0
