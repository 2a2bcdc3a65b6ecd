"""HTTP: the transport across processes, to wherry's API server or to any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from wherry.api.registry import Resource
from wherry.client.codec import decode, decode_list, error_from
from wherry.client.kubeconfig import Access
from wherry.client.transport import JSON, Event, Verb
from wherry.machinery.clock import Clock
from wherry.machinery.errors import BadRequest, Invalid, from_status
from wherry.machinery.meta import Object
from wherry.wire.client import HttpClient, Reply
from wherry.wire.tls import client_context

METHODS: Mapping[str, str] = {
    "create": "POST",
    "get": "GET",
    "list": "GET",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}
MOST_RETRIES = 10  # of answers that say when to come again
PAGE = 500  # objects a request, where a server cannot stream what exists
INITIAL_EVENTS_END = "k8s.io/initial-events-end"
AS_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
AS_METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


class Line(msgspec.Struct, frozen=True):
    """One event of a watch as it stands in the stream."""

    type: str
    object: msgspec.Raw


_LINE = msgspec.json.Decoder(Line)


class HttpTransport:
    """Calls and watches over HTTP/1.1. `clock` lends its chance to the length of watches."""

    def __init__(self, http: HttpClient, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._streams_lists = True  # until the server says it does not know sendInitialEvents

    @classmethod
    def to(cls, access: Access, clock: Clock, *, user_agent: str = "wherry") -> HttpTransport:
        """A transport to what a kubeconfig's context names."""
        tls = None
        if access.server.startswith("https"):
            tls = client_context(access.ca, access.certificate, access.key, verify=access.verify)
        http = HttpClient(
            access.server,
            tls=tls,
            token=access.bearer,
            server_name=access.tls_server_name,
            user_agent=user_agent,
        )
        return cls(http, clock)

    async def close(self) -> None:
        await self._http.close()

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
        path = _with_query(resource.path(namespace, name, subresource), params)
        headers = [("Accept", JSON)]
        if body:
            headers.append(("Content-Type", content_type))
        for attempt in range(MOST_RETRIES + 1):
            reply = await self._http.request(METHODS[verb], path, headers=headers, body=body)
            pause = _pause(reply)
            if pause is None or attempt == MOST_RETRIES:
                break
            await asyncio.sleep(pause)
        if reply.status >= 400:
            raise error_from(reply.body, reply.status)
        return reply.body

    async def watch(
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
        selectors = {"labelSelector": labelSelector, "fieldSelector": fieldSelector}
        query = {**{key: value for key, value in selectors.items() if value}, **params}
        path = resource.path(namespace)
        kind: type[Object] = Object if metadata else resource.type
        if not since and self._streams_lists:
            whole = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
            try:
                async for events in self._stream(path, {**query, **whole}, kind, metadata):
                    yield events
                return
            except (Invalid, BadRequest):
                self._streams_lists = False
        if not since:
            events, since = await self._list(path, query, kind, metadata)
            yield events
        async for events in self._stream(path, {**query, "resourceVersion": since}, kind, metadata):
            yield events

    async def _list(
        self, path: str, query: Mapping[str, str], kind: type[Object], metadata: bool
    ) -> tuple[list[Event], str]:
        """What exists, page by page, as if a watch had told it."""
        events: list[Event] = []
        page = {**query, "limit": str(PAGE)}
        headers = [("Accept", AS_METADATA_LIST if metadata else JSON)]
        while True:
            reply = await self._http.request("GET", _with_query(path, page), headers=headers)
            if reply.status >= 400:
                raise error_from(reply.body, reply.status)
            found = decode_list(reply.body)
            for item in found.items or ():
                obj = decode(item, kind)
                events.append(Event("ADDED", obj, obj.metadata.resourceVersion))
            if not found.metadata.continue_:
                revision = found.metadata.resourceVersion
                return [*events, Event("SYNCED", None, revision)], revision
            page["continue"] = found.metadata.continue_

    async def _stream(
        self, path: str, query: Mapping[str, str], kind: type[Object], metadata: bool
    ) -> AsyncIterator[list[Event]]:
        seconds = 300 + int(300 * self._clock.random())  # so that not all come back at once
        common = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        headers = [("Accept", AS_METADATA if metadata else JSON)]
        async with self._http.stream(
            "GET", _with_query(path, {**query, **common}), headers=headers
        ) as answer:
            if answer.status >= 400:
                raise error_from(await answer.read(), answer.status)
            rest = b""
            async for chunk in answer:
                *lines, rest = (rest + chunk).split(b"\n")
                if lines:
                    yield [_event(line, kind) for line in lines if line]


def _event(line: bytes, kind: type[Object]) -> Event:
    told = _LINE.decode(line)
    match told.type:
        case "ERROR":
            raise from_status(msgspec.json.decode(told.object))
        case "BOOKMARK":
            meta = decode(told.object, Object).metadata
            is_end = meta.annotations.get(INITIAL_EVENTS_END) == "true"
            return Event("SYNCED" if is_end else "BOOKMARK", None, meta.resourceVersion)
        case "ADDED" | "MODIFIED" | "DELETED":
            obj = decode(told.object, kind)
            return Event(told.type, obj, obj.metadata.resourceVersion)
    raise BadRequest(f"the server sent a watch event of type {told.type!r}, which does not exist")


def _with_query(path: str, params: Mapping[str, Any]) -> str:
    return f"{path}?{urlencode(params)}" if params else path


def _pause(reply: Reply) -> float | None:
    """How long to wait before asking again, where the server says so."""
    if reply.status != 429 and reply.status < 500:
        return None
    seconds = reply.headers.get("Retry-After")
    return float(seconds) if seconds.isdigit() else None
