"""View: what a controller sees of the caches while it looks at one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from wherry.client.cache import CONTROLLER, Cache, by_controller, orphans_of
from wherry.machinery.meta import Object
from wherry.machinery.selectors import Selector

ObjectT = TypeVar("ObjectT", bound=Object)


class View:
    """Implements `contract.Observed` over caches, by kind. Nothing is copied: objects are shared."""

    __slots__ = ("_caches", "_namespace", "_uid", "now")

    def __init__(
        self, caches: Mapping[type[Object], Cache[Any]], now: datetime, about: Object | None
    ) -> None:
        self._caches = caches
        self.now = now
        self._uid = about.metadata.uid if about is not None else ""
        self._namespace = about.metadata.namespace if about is not None else ""

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
