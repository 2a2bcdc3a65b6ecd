"""Keeping: the Service by which Pods find the API server is put back when somebody deletes it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from wherry.api.core.endpoints import Endpoints
from wherry.api.core.service import Service
from wherry.api.discovery.endpointslice import EndpointSlice
from wherry.api.registry import resource_for
from wherry.apiserver.hub import Event, Hub
from wherry.apiserver.selection import Selection
from wherry.machinery.errors import StatusError
from wherry.store.interface import StoreError

log = logging.getLogger(__name__)

KINDS = (Service, Endpoints, EndpointSlice)
SETTLE_SECONDS = 0.1  # whoever deletes a Service has yet to give its address back
AGAIN_SECONDS = 10.0


class Keeping:
    """`restore` makes what is missing. Nothing is done until something is deleted."""

    def __init__(self, hub: Hub, restore: Callable[[], Awaitable[None]]) -> None:
        self.hub = hub
        self.restore = restore
        self._missing = asyncio.Event()
        self._selections = [
            Selection(resource_for(kind), "default", fieldSelector="metadata.name=kubernetes")
            for kind in KINDS
        ]

    async def run(self) -> None:
        """Until cancelled."""
        for selection in self._selections:
            self.hub.cache(selection.resource).join(selection, "keeping", lambda events: events, self)
        try:
            while True:
                await self._missing.wait()
                await asyncio.sleep(SETTLE_SECONDS)
                self._missing.clear()
                await self._put_back()
        finally:
            for selection in self._selections:
                self.hub.cache(selection.resource).leave(selection, "keeping", self)

    def send(self, events: Sequence[Event]) -> None:
        if any(event.type == "DELETED" for event in events):
            self._missing.set()

    def stop(self) -> None:
        """The log has ended; there is nothing to keep any more."""

    async def _put_back(self) -> None:
        try:
            await self.restore()
        except (StatusError, StoreError) as error:
            # Its address may be another Service's by now.
            log.warning("the Service kubernetes could not be put back", extra={"error": str(error)})
            await asyncio.sleep(AGAIN_SECONDS)
            self._missing.set()
