"""Leader election: one at a time, and the next soon after."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from wherry.api.coordination.lease import Lease
from wherry.api.registry import Resource
from wherry.client.client import Client
from wherry.client.codec import encode
from wherry.client.leader import LEASE_DURATION, Election, LeadershipLost
from wherry.machinery.errors import AlreadyExists, Conflict, NotFound, ServiceUnavailable
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit
from wherry.sim.clock import VirtualClock, run


class OneLease:
    """A transport to a server that holds one object."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self.down: set[str] = set()
        self.revision = 0

    async def call(
        self,
        verb: str,
        resource: Resource,
        *,
        body: bytes = b"",
        params: Mapping[str, str] = {},
        **names: Any,
    ) -> bytes:
        if self.down:
            raise ServiceUnavailable("down")
        if verb == "create":
            if self.lease is not None:
                raise AlreadyExists("there is one")
            return self._store(msgspec.json.decode(body, type=Lease))
        if self.lease is None:
            raise NotFound("none")
        if verb == "update":
            new = msgspec.json.decode(body, type=Lease)
            if new.metadata.resourceVersion != self.lease.metadata.resourceVersion:
                raise Conflict("changed")
            return self._store(new)
        return encode(self.lease)

    def _store(self, lease: Lease) -> bytes:
        self.revision += 1
        meta: ObjectMeta = edit(lease.metadata, resourceVersion=str(self.revision))
        self.lease = edit(lease, metadata=meta)
        return encode(self.lease)

    def watch(self, *args: Any, **options: Any) -> Any:
        raise AssertionError("nobody watches here")

    async def close(self) -> None:
        return None


def test_one_leads_while_the_other_waits_and_follows() -> None:
    async def scenario() -> None:
        server = OneLease()
        leading: list[str] = []

        def candidate(name: str, seconds: float) -> Any:
            async def lead() -> None:
                leading.append(name)
                await asyncio.sleep(seconds)

            return Election(Client(server), VirtualClock(seed=len(name)), "manager", name).run(lead)

        first = asyncio.ensure_future(candidate("a", 60))
        await asyncio.sleep(1)
        second = asyncio.ensure_future(candidate("bb", 10))
        await asyncio.sleep(50)
        assert leading == ["a"]
        await first
        await asyncio.sleep(5)
        assert leading == ["a", "bb"]  # at once, because the first gave the lease back
        await second
        assert server.lease is not None
        assert server.lease.spec.leaseTransitions == 1

    run(scenario())


def test_a_lease_that_nobody_renews_is_taken_over() -> None:
    async def scenario() -> None:
        server = OneLease()
        clock = VirtualClock()

        async def forever() -> None:
            await asyncio.sleep(1e9)

        first = asyncio.ensure_future(Election(Client(server), clock, "manager", "a").run(forever))
        await asyncio.sleep(1)
        taken: list[float] = []

        async def note() -> None:
            taken.append(clock.monotonic())

        server_copy = OneLease()
        server_copy.lease, server_copy.revision = server.lease, server.revision
        await Election(Client(server_copy), clock, "manager", "b").run(note)
        assert taken[0] >= LEASE_DURATION
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    run(scenario())


def test_who_cannot_renew_stops_working() -> None:
    async def scenario() -> None:
        server = OneLease()
        stopped: list[bool] = []

        async def lead() -> None:
            try:
                await asyncio.sleep(1e9)
            finally:
                stopped.append(True)

        election = asyncio.ensure_future(Election(Client(server), VirtualClock(), "manager", "a").run(lead))
        await asyncio.sleep(5)
        server.down.add("all")
        with pytest.raises(LeadershipLost, match="kube-system/manager"):
            await election
        assert stopped == [True]

    run(scenario())
