"""Snapshot: what is seen, as a collection of objects: for trying controllers out without a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from wherry.controllers.contract import Index
from wherry.machinery.meta import Object
from wherry.machinery.ownership import controller_of, is_controlled_by
from wherry.machinery.selectors import Selector

ObjectT = TypeVar("ObjectT", bound=Object)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Snapshot:
    """Implements `contract.Observed`. `about` is the object that is looked at."""

    def __init__(
        self,
        about: Object | None = None,
        objects: Iterable[Object] = (),
        *,
        now: datetime = NOW,
        indices: Iterable[Index] = (),
        changed: Mapping[str, datetime] | None = None,
        gone_since: datetime | None = None,
    ) -> None:
        self.now = now
        self.gone_since = gone_since or now
        self._about = about.metadata if about is not None else None
        self._objects = tuple(objects)
        self._indices: dict[tuple[type, str], Callable[[Any], Iterable[str]]] = {
            (index.kind, index.name): index.values for index in indices
        }
        self._changed = changed or {}

    def changed(self, kind: type[Object], name: str, namespace: str = "") -> datetime:
        return self._changed.get(f"{kind.kind}/{name}", self.now)

    def _all(self, kind: type[ObjectT]) -> list[ObjectT]:
        return [obj for obj in self._objects if isinstance(obj, kind)]

    def owned(self, kind: type[ObjectT]) -> Sequence[ObjectT]:
        return self.controlled_by(kind, self._about.uid) if self._about is not None else ()

    def controlled_by(self, kind: type[ObjectT], uid: str) -> Sequence[ObjectT]:
        return [obj for obj in self._all(kind) if is_controlled_by(obj.metadata, uid)]

    def orphans(self, kind: type[ObjectT]) -> Sequence[ObjectT]:
        namespace = self._about.namespace if self._about is not None else ""
        unowned = (obj for obj in self._all(kind) if controller_of(obj.metadata) is None)
        return [obj for obj in unowned if obj.metadata.namespace == namespace]

    def get(self, kind: type[ObjectT], name: str, namespace: str = "") -> ObjectT | None:
        wanted = (namespace, name)
        found = (obj for obj in self._all(kind) if (obj.metadata.namespace, obj.metadata.name) == wanted)
        return next(found, None)

    def list(
        self, kind: type[ObjectT], namespace: str | None = None, selector: Selector | None = None
    ) -> Sequence[ObjectT]:
        return [
            obj
            for obj in self._all(kind)
            if (namespace is None or obj.metadata.namespace == namespace)
            and (selector is None or selector.matches(obj.metadata.labels))
        ]

    def find(self, kind: type[ObjectT], index: str, value: str) -> Sequence[ObjectT]:
        values = self._indices[kind, index]
        return [obj for obj in self._all(kind) if value in values(obj)]
