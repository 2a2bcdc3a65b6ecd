"""View: what a controller sees of the caches while it looks at one object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from wherry.client.cache import CONTROLLER, Cache, Change, Key, by_controller, key_of, orphans_of
from wherry.machinery.clock import Clock
from wherry.machinery.meta import Object
from wherry.machinery.selectors import Selector

ObjectT = TypeVar("ObjectT", bound=Object)


class Memory:
    """When values of objects were last seen to change, by our clock, whatever the objects say."""

    def __init__(self, timed: Mapping[type[Object], Callable[[Any], Any]], clock: Clock) -> None:
        self._timed = timed
        self._clock = clock
        self._moments: dict[tuple[type[Object], Key], datetime] = {}

    def watch(self, caches: Mapping[type[Object], Cache[Any]]) -> list[Callable[[], None]]:
        return [caches[kind].subscribe(self._noting(kind, value)) for kind, value in self._timed.items()]

    def moment(self, kind: type[Object], key: Key, now: datetime) -> datetime:
        """Never, as far as is known, counts as now."""
        return self._moments.get((kind, key), now)

    def _noting(
        self, kind: type[Object], value: Callable[[Any], Any]
    ) -> Callable[[Sequence[Change[Any]]], None]:
        def note(changes: Sequence[Change[Any]]) -> None:
            now = self._clock.now()
            for change in changes:
                old, new = change
                key = (kind, key_of(change.object))
                if new is None:
                    self._moments.pop(key, None)
                elif old is None or value(old) != value(new):
                    self._moments[key] = now

        return note


class View:
    """Implements `contract.Observed` over caches, by kind. Nothing is copied: objects are shared."""

    __slots__ = ("_caches", "_memory", "_namespace", "_uid", "gone_since", "now")

    def __init__(
        self,
        caches: Mapping[type[Object], Cache[Any]],
        now: datetime,
        about: Object | None,
        memory: Memory,
        gone_since: datetime | None = None,
    ) -> None:
        self._caches = caches
        self._memory = memory
        self.now = now
        self.gone_since = gone_since or now
        self._uid = about.metadata.uid if about is not None else ""
        self._namespace = about.metadata.namespace if about is not None else ""

    def changed(self, kind: type[Object], name: str, namespace: str = "") -> datetime:
        return self._memory.moment(kind, (namespace, name), self.now)

    def owned(self, kind: type[ObjectT]) -> Sequence[ObjectT]:
        found: Sequence[ObjectT] = self._caches[kind].find(CONTROLLER, self._uid)
        return found

    def controlled_by(self, kind: type[ObjectT], uid: str) -> Sequence[ObjectT]:
        cache = self._caches[kind]
        cache.index(CONTROLLER, by_controller)
        found: Sequence[ObjectT] = cache.find(CONTROLLER, uid)
        return found

    def orphans(self, kind: type[ObjectT]) -> Sequence[ObjectT]:
        found: Sequence[ObjectT] = self._caches[kind].find(CONTROLLER, orphans_of(self._namespace))
        return found

    def get(self, kind: type[ObjectT], name: str, namespace: str = "") -> ObjectT | None:
        found: ObjectT | None = self._caches[kind].get(name, namespace)
        return found

    def list(
        self, kind: type[ObjectT], namespace: str | None = None, selector: Selector | None = None
    ) -> Sequence[ObjectT]:
        found: Sequence[ObjectT] = self._caches[kind].list(namespace, selector)
        return found

    def find(self, kind: type[ObjectT], index: str, value: str) -> Sequence[ObjectT]:
        found: Sequence[ObjectT] = self._caches[kind].find(index, value)
        return found
