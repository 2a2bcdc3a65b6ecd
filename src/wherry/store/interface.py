"""Store: the narrow waist between the API server and whatever keeps its bytes.

A store is an ordered log of changes to keys, numbered by one revision counter, as etcd's is: an
entry's revision is that of its last modification, numbers only grow and never repeat, and an empty
store stands at revision 1, because clients read a revision of 0 as "any".

    StoreError
    ├── Conflict        somebody else wrote first
    ├── Compacted       the revision asked for is older than the history that is kept
    ├── FutureRevision  the revision asked for is not there yet
    ├── StoreBusy       another process has it open
    ├── StoreDamaged    what is on the disk is not what was written
    ├── StoreTooNew     written by a later version of the program
    ├── StoreFull       no room left to write; reading goes on
    └── StoreClosed     closed already
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple, Protocol

ABSENT: Final = 0
"""As `expect`: the key must not exist."""

ANY: Final = -1
"""As `expect`: whatever the key's revision is."""

EMPTY: Final = 1
"""The revision of a store that nothing was ever written to."""


class Entry(NamedTuple):
    """A live key."""

    key: str
    value: bytes
    revision: int
    """Of the last modification."""


class Change(NamedTuple):
    """One step of the log. A deletion has no value; a creation has no previous value."""

    key: str
    value: bytes | None
    revision: int
    previous: bytes | None
    created: bool


class StoreError(Exception):
    """What went wrong, with what, and what to do next."""


class Conflict(StoreError):
    """The key was not at the expected revision. `actual` is durable: a fresh read shows it.

    A deletion of a key that does not exist, whatever it expects, is a Conflict with `actual` ABSENT.
    """

    def __init__(self, key: str, expected: int, actual: int) -> None:
        stands = f"stands at revision {actual}" if actual else "does not exist"
        wanted = {ABSENT: "its absence", ANY: "any revision"}.get(expected, f"revision {expected}")
        super().__init__(f"{key} {stands}, but {wanted} was expected: read it again and retry")
        self.key = key
        self.expected = expected
        self.actual = actual


class Compacted(StoreError):
    """History before `oldest` is gone."""

    def __init__(self, since: int, oldest: int) -> None:
        super().__init__(
            f"revision {since} was compacted, the oldest one kept is {oldest}: "
            "read the newest state and go on from there"
        )
        self.since = since
        self.oldest = oldest


class FutureRevision(StoreError):
    """The store has not come to the revision asked for."""

    def __init__(self, at: int, newest: int) -> None:
        super().__init__(
            f"revision {at} is ahead of the newest one, {newest}: wait, or read the newest state"
        )
        self.at = at
        self.newest = newest


class StoreBusy(StoreError):
    """Another process (or this one, a second time) has the store open."""


class StoreDamaged(StoreError):
    """The file cannot be trusted. It is left as it was found."""


class StoreTooNew(StoreError):
    """The file's layout is of a later version of the program."""


class StoreFull(StoreError):
    """No room to write. Nothing of the failed write stays; later writes are tried afresh."""


class StoreClosed(StoreError):
    """The store was closed before or during the call."""


class Store(Protocol):
    """An ordered log of keys and bytes with one revision counter."""

    @property
    def revision(self) -> int:
        """The newest revision: what is visible to `range` and was shown to watchers."""
        ...

    async def range(
        self, prefix: str, *, at: int = 0, after: str = "", limit: int = 0
    ) -> tuple[list[Entry], int]:
        """Entries under `prefix` in key order as of revision `at` (0: newest), and that revision.

        Only keys beyond `after`, and `limit` of them at most (0: all): a next page asks with the
        revision of the first page and the last key of the page before. Compacted if `at` is older
        than the history that is kept, FutureRevision if it is ahead of the newest.
        """
        ...

    async def put(self, key: str, value: bytes, *, expect: int) -> int:
        """Write if the key's revision is still `expect` (ABSENT: create; ANY: always), else Conflict.

        The revision that is returned is durable and visible to `range`.
        """
        ...

    async def delete(self, key: str, *, expect: int) -> int:
        """Delete if the key's revision is still `expect` (ANY: whatever it is), else Conflict."""
        ...

    def watch(self, prefix: str, *, since: int) -> AsyncIterator[Sequence[Change]]:
        """Every durable change under `prefix` after revision `since`, in order, once, in batches.

        The iterator raises Compacted when history after `since`, or after what it showed last, was
        dropped before it was asked for; it ends when the store is closed.
        """
        ...

    async def compact(self, before: int) -> None:
        """Forget the history before revision `before`. Stores also do so by themselves."""
        ...

    async def close(self) -> None:
        """Finish what was begun, end all watches, let go of files. A second call does nothing."""
        ...
