"""Proxier: keeps the kernel's rules as Services and EndpointSlices say.

caches = Caches(transport, clock)
proxier = Proxier(caches.of(Service), caches.of(EndpointSlice), Place(node), ranges, clock)
await proxier.run()                    # until cancelled; the rules stay
await proxier.remove()                 # at purge
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from wherry.api.core.service import Service
from wherry.api.discovery.endpointslice import EndpointSlice
from wherry.client.cache import Change, Key, key_of
from wherry.machinery.clock import Clock
from wherry.machinery.meta import Object
from wherry.network.proxy import conntrack, script
from wherry.network.proxy.adapter import Place, service_of, service_ports
from wherry.network.proxy.book import Book, Delta
from wherry.network.proxy.model import Owner, Ranges, ServicePort
from wherry.network.proxy.nft import Nft, NftError
from wherry.network.proxy.rules import elements
from wherry.network.proxy.watch import Watch

log = logging.getLogger(__name__)

ObjectT = TypeVar("ObjectT", bound=Object)

SHORTEST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds until rules that the kernel did not take are tried again
PATIENCE = 60.0  # seconds for which changes may wait before the proxy calls itself unhealthy


class Source(Protocol[ObjectT]):
    """What the proxier needs of a cache."""

    async def synced(self) -> None: ...

    def subscribe(self, subscriber: Callable[[Sequence[Change[ObjectT]]], None]) -> Callable[[], None]: ...


@dataclass
class Measures:
    """What the proxy did so far."""

    loads: int = 0
    """How often everything was written anew."""
    changes: int = 0
    """How often differences were written."""
    failures: int = 0
    seconds: float = 0.0
    """How long the last write took."""
    forgotten: int = 0
    """UDP flows whose endpoints were gone."""
    error: str = ""
    """Why the last write failed; "" if it did not."""


@dataclass
class _Desired:
    """What the API says, sorted by Service."""

    place: Place
    services: dict[Key, Service] = field(default_factory=dict)
    slices: dict[Key, dict[Key, EndpointSlice]] = field(default_factory=dict)
    ports: dict[Key, dict[Owner, ServicePort]] = field(default_factory=dict)
    touched: set[Key] = field(default_factory=set)

    def take_services(self, changes: Sequence[Change[Service]]) -> None:
        for change in changes:
            key = key_of(change.object)
            self.touched.add(key)
            if change.new is None:
                self.services.pop(key, None)
            else:
                self.services[key] = change.new

    def take_slices(self, changes: Sequence[Change[EndpointSlice]]) -> None:
        for change in changes:
            if change.old is not None and (key := service_of(change.old)) is not None:
                self.slices.get(key, {}).pop(key_of(change.old), None)
                self.touched.add(key)
            if change.new is not None and (key := service_of(change.new)) is not None:
                self.slices.setdefault(key, {})[key_of(change.new)] = change.new
                self.touched.add(key)

    def settle(self) -> list[tuple[ServicePort | None, ServicePort | None]]:
        """Old and new state of every port of the Services touched since the last call."""
        pairs: list[tuple[ServicePort | None, ServicePort | None]] = []
        touched, self.touched = self.touched, set()
        for key in touched:
            if not self.slices.get(key, True):
                del self.slices[key]
            old = self.ports.pop(key, {})
            service = self.services.get(key)
            slices = self.slices.get(key, {}).values()
            found = service_ports(service, slices, self.place) if service is not None else ()
            new = {port.owner: port for port in found}
            if new:
                self.ports[key] = new
            both = ((old.get(owner), new.get(owner)) for owner in old.keys() | new.keys())
            pairs.extend((before, after) for before, after in both if before != after)
        return pairs


class Proxier:
    """The Service proxy of one node."""

    def __init__(
        self,
        services: Source[Service],
        slices: Source[EndpointSlice],
        place: Place,
        ranges: Ranges,
        clock: Clock,
        *,
        table: str = "wherry",
        localhost: bool = True,
        nft: Nft | None = None,
    ) -> None:
        """`table`: the nftables table (family inet) that is this proxy's own.

        `localhost`: node ports are served on 127.0.0.1 too; the pod network must allow for it.
        """
        self.measures = Measures()
        self._services, self._slices = services, slices
        self._ranges, self._clock, self._table, self._localhost = ranges, clock, table, localhost
        self._nft = nft or Nft()
        self._desired = _Desired(place)
        self._book = Book()
        self._loaded = False
        self._wake = asyncio.Event()
        self._waiting_since: float | None = None
        self._applied = asyncio.Event()
        self._watch = Watch(table, self._lost)

    @property
    def healthy(self) -> bool:
        """Whether the kernel has what the API says, or got it not long ago."""
        since = self._waiting_since
        return self._loaded and (since is None or self._clock.monotonic() - since < PATIENCE)

    async def applied(self) -> None:
        """Wait until everything told so far is in the kernel."""
        await self._applied.wait()

    async def run(self) -> None:
        """Write everything once, then each change as it comes, until cancelled."""
        ends = (
            self._services.subscribe(self._take_services),
            self._slices.subscribe(self._take_slices),
        )
        try:
            await self._services.synced()
            await self._slices.synced()
            with self._watch:
                self._note()
                await self._keep_up()
        finally:
            for end in ends:
                end()

    async def remove(self) -> None:
        """Take all rules out of the kernel."""
        await self._nft.run(script.remove(self._table))
        self._loaded = False

    # being told

    def _take_services(self, changes: Sequence[Change[Service]]) -> None:
        self._desired.take_services(changes)
        self._note()

    def _take_slices(self, changes: Sequence[Change[EndpointSlice]]) -> None:
        self._desired.take_slices(changes)
        self._note()

    def _lost(self) -> None:
        log.warning("Somebody else changed the proxy's rules. They are written anew.")
        self._loaded = False
        self._note()

    def _note(self) -> None:
        if self._waiting_since is None:
            self._waiting_since = self._clock.monotonic()
        self._applied.clear()
        self._wake.set()

    # writing

    async def _keep_up(self) -> None:
        wait = SHORTEST_WAIT
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(0)  # whatever else this turn of the loop brings belongs to this round
            try:
                await self._write()
            except NftError as error:
                self._loaded = False
                self.measures.failures += 1
                self.measures.error = str(error)
                log.error("Service rules could not be written.", extra={"error": str(error), "retry": wait})
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
                self._wake.set()
            else:
                wait = SHORTEST_WAIT
                self.measures.error = ""
                if not self._wake.is_set():
                    self._waiting_since = None
                    self._applied.set()

    async def _write(self) -> None:
        began = self._clock.monotonic()
        pairs = self._desired.settle()
        for old, new in pairs:
            self._enter(old, new)
        delta = self._book.take()
        with self._watch.ours():
            if not self._loaded or (delta and not await self._change(delta)):
                await self._load()
        self.measures.seconds = self._clock.monotonic() - began
        await self._forget_flows(pairs)

    def _enter(self, old: ServicePort | None, new: ServicePort | None) -> None:
        if new is not None:
            self._book.put(new.owner, elements(new))
        elif old is not None:
            self._book.drop(old.owner)

    async def _change(self, delta: Delta) -> bool:
        """Write a difference; False: the kernel has something else than we left there."""
        try:
            for step in script.change(self._table, delta):
                await self._nft.run(step)
        except NftError as error:
            log.warning(
                "A change of the rules was refused. They are written anew.", extra={"error": str(error)}
            )
            return False
        self.measures.changes += 1
        return True

    async def _load(self) -> None:
        present = await self._nft.chains(self._table)
        try:
            await self._nft.run(self._everything(present))
        except NftError:
            if not present:
                raise
            # What is there was left by another version of this program, or is not ours.
            await self._nft.run(script.remove(self._table) + self._everything(()))
        self._loaded = True
        self.measures.loads += 1

    def _everything(self, present: Iterable[str]) -> str:
        book = self._book
        return script.load(
            self._table, self._ranges, book.elements, book.chains, present=present, localhost=self._localhost
        )

    async def _forget_flows(self, pairs: Iterable[tuple[ServicePort | None, ServicePort | None]]) -> None:
        changed = conntrack.changed(pairs)
        if not changed:
            return
        try:
            self.measures.forgotten += await asyncio.to_thread(conntrack.forget, changed)
        except OSError as error:
            log.warning("UDP flows to former endpoints could not be deleted.", extra={"error": str(error)})
