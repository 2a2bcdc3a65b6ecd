"""Watchers: who waits for which keys, so that a change wakes only those it concerns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from wherry.store.interface import Change


class Watchers:
    """Waiting watchers by prefix.

    Who waits has seen everything there is under its prefix. So the revision it is woken with, the
    last one before the change that concerns it, is where it goes on: what came in between was not
    its business, and may be compacted already.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[int]]] = {}

    async def wait(self, prefix: str) -> int:
        """Wait for a change under `prefix`; return a revision that everything before is known up to."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(prefix, set()).add(future)
        try:
            return await future
        finally:
            self._forget(prefix, future)

    def wake(self, changes: Sequence[Change], known: int) -> None:
        """Wake whom one of `changes` concerns; `known` is the revision before the first of them."""
        if not self._waiting:
            return
        concerned = []
        for prefix in self._waiting:
            for change in changes:
                if change.key.startswith(prefix):
                    concerned.append(prefix)
                    break
        for prefix in concerned:
            self._release(prefix, known)

    def wake_all(self, known: int) -> None:
        for prefix in list(self._waiting):
            self._release(prefix, known)

    def _release(self, prefix: str, known: int) -> None:
        for future in self._waiting.pop(prefix):
            if not future.done():
                future.set_result(known)

    def _forget(self, prefix: str, future: asyncio.Future[int]) -> None:
        waiting = self._waiting.get(prefix)
        if waiting and future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._waiting[prefix]
