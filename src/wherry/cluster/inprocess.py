"""InProcess: a client's way to the API server of its own process: no HTTP, and shared objects.

Calls go into the write path as bytes and come out as bytes; watches hand out the very objects that the
server's cache decoded, once for all who look.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from wherry.api.registry import Resource
from wherry.apiserver import render
from wherry.apiserver.api import Api
from wherry.apiserver.call import LOOPBACK, Call, User
from wherry.apiserver.hub import Event as Changed
from wherry.apiserver.media import PLAIN
from wherry.apiserver.read import Listing
from wherry.apiserver.watch import Events
from wherry.client.transport import JSON, Event, Verb
from wherry.machinery.errors import StatusError

encode = msgspec.json.Encoder().encode
FOREVER = "315360000"  # seconds: a watch inside a process ends with the process


class InProcess:
    """A Transport. `user` is who the calls are made as, `agent` the program's name for managed fields."""

    def __init__(self, api: Api, user: User = LOOPBACK, agent: str = "wherry") -> None:
        self.api = api
        self.user = user
        self.agent = agent

    async def call(
        self,
        verb: Verb,
        resource: Resource,
        *,
        namespace: str = "",
        name: str = "",
        subresource: str = "",
        body: bytes = b"",
        content_type: str = JSON,
        params: Mapping[str, str] = {},
    ) -> bytes:
        # Types that this process itself encodes have no unknown fields to look for.
        known = {"fieldValidation": "Ignore", **params}
        call = Call(
            verb, resource, namespace, name, subresource, known, body, content_type, self.user, self.agent
        )
        outcome = await self.api.perform(call)
        if isinstance(outcome, Listing):
            return render.listing(outcome, PLAIN, self.api.clock)
        return outcome.entry.body if outcome.entry is not None else encode(outcome.tree)

    async def watch(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        labelSelector: str = "",
        fieldSelector: str = "",
        since: str = "",
        metadata: bool = False,
        params: Mapping[str, str] = {},
    ) -> AsyncIterator[Sequence[Event]]:
        options = {"labelSelector": labelSelector, "fieldSelector": fieldSelector, "timeoutSeconds": FOREVER}
        if since:
            options["resourceVersion"] = since
        else:
            options |= {
                "sendInitialEvents": "true",
                "resourceVersionMatch": "NotOlderThan",
                "allowWatchBookmarks": "true",
            }
        call = Call("watch", resource, namespace, params={**options, **params}, user=self.user)
        inbox = _Inbox(resource)
        watch = await self.api.watcher.open(call, Events(lambda entry: entry), inbox.send, inbox.end)
        try:
            watch.start(call)
            async for batch in inbox:
                yield batch
        finally:
            watch.close()

    async def close(self) -> None:
        return None


class _Inbox:
    """Batches that arrived and were not read yet. One future wakes the reader."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.arrived: list[Event] = []
        self.synced = False
        self.ended = False
        self.error: StatusError | None = None
        self.waiter: asyncio.Future[None] | None = None

    def send(self, data: Any) -> None:
        if isinstance(data, StatusError):
            self.error = data
        elif isinstance(data, int):
            self.arrived.append(Event("BOOKMARK" if self.synced else "SYNCED", None, str(data)))
            self.synced = True
        else:
            self.arrived += map(self._event, data)
        self._wake()

    def _event(self, changed: Changed) -> Event:
        entry = changed.entry.viewed(self.resource)
        return Event(changed.type, entry.typed, str(changed.revision))  # type: ignore[arg-type]  # one of three

    def end(self) -> None:
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    async def __aiter__(self) -> AsyncIterator[Sequence[Event]]:
        while True:
            if self.arrived:
                batch, self.arrived = self.arrived, []
                yield batch
            elif self.error is not None:
                raise self.error
            elif self.ended:
                return
            else:
                self.waiter = asyncio.get_running_loop().create_future()
                await self.waiter
