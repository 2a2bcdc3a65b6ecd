"""Leader: of several processes with one job, exactly one does it: who holds the Lease.

Others' clocks are not trusted: a lease counts as expired when its record has not changed for its whole
duration by one's own clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from wherry.api.coordination.lease import Lease, LeaseSpec
from wherry.client.client import Client
from wherry.machinery.clock import Clock
from wherry.machinery.errors import StatusError
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit
from wherry.machinery.times import format_micro

log = logging.getLogger(__name__)

LEASE_DURATION = 15.0  # seconds that others leave the holder alone
RENEW_DEADLINE = 10.0  # seconds without a renewal after which the holder gives up
RETRY_PERIOD = 2.0  # seconds between attempts
JITTER = 1.2


class LeadershipLost(Exception):
    """The lease could not be renewed in time: somebody else may lead already, so the work was stopped."""


class Election:
    """One candidate for one Lease."""

    def __init__(
        self, client: Client, clock: Clock, name: str, identity: str, namespace: str = "kube-system"
    ) -> None:
        self._client = client
        self._clock = clock
        self._name = name
        self._namespace = namespace
        self.identity = identity
        self._seen: LeaseSpec | None = None
        self._seen_at = 0.0

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Wait until elected, then `lead`, renewing meanwhile; give the lease back when that ends.

        Raises LeadershipLost, after cancelling `lead`, where renewal fails.
        """
        while not await self._try():  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(RETRY_PERIOD * (1 + JITTER * self._clock.random()))
        log.info("This process leads now.", extra={"lease": self._name, "identity": self.identity})
        work = asyncio.ensure_future(lead())
        renewal = asyncio.create_task(self._renew(), name=f"renew {self._name}")
        try:
            await asyncio.wait((work, renewal), return_when=asyncio.FIRST_COMPLETED)
            if renewal.done():
                raise LeadershipLost(f"lease {self._namespace}/{self._name} was not renewed in time")
            await work
        finally:
            for task in (work, renewal):
                task.cancel()
            await asyncio.gather(work, renewal, return_exceptions=True)
            await self._release()

    async def _renew(self) -> None:
        """Returns when the lease is lost."""
        while True:
            await asyncio.sleep(RETRY_PERIOD)
            try:
                async with asyncio.timeout(RENEW_DEADLINE):
                    while not await self._try():  # noqa: ASYNC110 - only asking tells
                        await asyncio.sleep(RETRY_PERIOD)
            except TimeoutError:
                return

    async def _try(self) -> bool:
        """Take or renew the lease; whether it is ours now."""
        try:
            return await self._take_or_renew()
        except (StatusError, OSError) as error:
            log.info("The lease cannot be had now.", extra={"lease": self._name, "error": str(error)})
            return False

    async def _take_or_renew(self) -> bool:
        now = format_micro(self._clock.now())
        lease = await self._client.find(Lease, self._name, self._namespace)
        if lease is None:
            spec = self._spec(acquireTime=now, renewTime=now, transitions=0)
            metadata = ObjectMeta(name=self._name, namespace=self._namespace)
            self._observe((await self._client.create(Lease(metadata=metadata, spec=spec))).spec)
            return True
        self._observe(lease.spec)
        holder = lease.spec.holderIdentity
        if holder and holder != self.identity and not self._expired(lease.spec):
            return False
        transitions = lease.spec.leaseTransitions or 0
        if holder == self.identity:
            spec = self._spec(lease.spec.acquireTime, now, transitions)
        else:
            spec = self._spec(now, now, transitions + 1)
        self._observe((await self._client.update(edit(lease, spec=spec))).spec)
        return True

    def _spec(self, acquireTime: str, renewTime: str, transitions: int) -> LeaseSpec:
        return LeaseSpec(
            holderIdentity=self.identity,
            leaseDurationSeconds=int(LEASE_DURATION),
            acquireTime=acquireTime,
            renewTime=renewTime,
            leaseTransitions=transitions,
        )

    def _observe(self, spec: LeaseSpec) -> None:
        if spec != self._seen:
            self._seen, self._seen_at = spec, self._clock.monotonic()

    def _expired(self, spec: LeaseSpec) -> bool:
        duration = spec.leaseDurationSeconds or LEASE_DURATION
        return self._clock.monotonic() - self._seen_at > duration

    async def _release(self) -> None:
        """Let the next one lead at once."""
        with contextlib.suppress(StatusError, OSError):
            lease = await self._client.get(Lease, self._name, self._namespace)
            if lease.spec.holderIdentity != self.identity:
                return
            now = format_micro(self._clock.now())
            spec = edit(lease.spec, holderIdentity="", leaseDurationSeconds=1, renewTime=now, acquireTime=now)
            await self._client.update(edit(lease, spec=spec))
