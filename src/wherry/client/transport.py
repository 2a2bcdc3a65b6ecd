"""Transport: how a client reaches an API server, in the same process or over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from wherry.api.registry import Resource

JSON = "application/json"
PATCH_TYPES: Mapping[str, str] = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}

Verb = Literal["create", "get", "list", "update", "patch", "delete", "deletecollection"]
EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "SYNCED"]


class Event(NamedTuple):
    """One thing that a watch tells.

    SYNCED comes once, after an ADDED for each object that was there when the watch began; it and
    BOOKMARK carry no object, only how far the watch has come.
    """

    type: EventType
    object: Any  # an Object; None for BOOKMARK and SYNCED
    revision: str


class Transport(Protocol):
    """Calls and watches. Objects travel as JSON bytes in calls; watches hand out typed, shared objects."""

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
        """The answer's body. Raises the StatusError that the server answered with."""
        ...

    def watch(
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
        """Batches of events, in order: what exists, SYNCED, what changes.

        With `since` only what changed after that revision, and no SYNCED. With `metadata` nobody looks
        at more than `.metadata`: objects may be bare `Object`s, and must be where the kind has no class.
        Ends when the server closes the stream; raises Expired when a new start from nothing is needed,
        any StatusError the server answers with, and ConnectionError when it cannot be reached. Starting
        again is the caller's business.
        """
        ...

    async def close(self) -> None: ...
