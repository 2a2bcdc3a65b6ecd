"""Render: entries and lists as bytes in the form that a client asked for. JSON is joined, never encoded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import msgspec

from wherry.api.registry import Resource
from wherry.apiserver import tables
from wherry.apiserver.entry import Entry, head_of
from wherry.apiserver.hub import Event
from wherry.apiserver.media import Form
from wherry.apiserver.read import Listing
from wherry.machinery.clock import Clock
from wherry.machinery.schema import Tree

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode
INITIAL_END = "k8s.io/initial-events-end"
PIECE = 128 * 1024  # bytes of a list that are made at once


def entry(found: Entry, form: Form, clock: Clock, include: str = "") -> bytes:
    match form.view:
        case "table":
            metadata = {"resourceVersion": str(found.revision)}
            body = tables.table(found.resource, [found], metadata, clock.now(), include)
        case "metadata":
            body = tables.partial(found)
        case _:
            body = found.body
    return encoded(body, form)


def listing(found: Listing, form: Form, clock: Clock, include: str = "") -> bytes:
    metadata = _metadata(found)
    if form.view == "table":
        return encoded(tables.table(found.resource, found.entries, metadata, clock.now(), include), form)
    return encoded(b"".join(_pieces(found, metadata, form.view)), form)


def pieces(found: Listing, form: Form, clock: Clock, include: str = "") -> Iterator[bytes]:
    """The same bit by bit, each made when it is asked for, so that a large list is never there as a whole."""
    if form.encoding == "json" and form.view != "table" and not form.pretty:
        return _pieces(found, _metadata(found), form.view)
    return iter((listing(found, form, clock, include),))


def _metadata(found: Listing) -> Tree:
    metadata: Tree = {"resourceVersion": str(found.revision)}
    if found.proceed:
        metadata["continue"] = found.proceed
    if found.remaining is not None:
        metadata["remainingItemCount"] = found.remaining
    return metadata


def _pieces(found: Listing, metadata: Tree, view: str) -> Iterator[bytes]:
    if view == "metadata":
        kind, version = b"PartialObjectMetadataList", b"meta.k8s.io/v1"
        items: Iterator[bytes] = map(tables.partial, found.entries)
    else:
        kind, version = b"%sList" % found.resource.kind.encode(), found.resource.apiVersion.encode()
        items = _items(found)
    before = b'{"kind":"%s","apiVersion":"%s","metadata":%s,"items":[' % (kind, version, encode(metadata))
    piece: list[bytes] = []
    size = 0
    for item in items:
        piece.append(item)
        size += len(item)
        if size >= PIECE:
            yield before + b",".join(piece)
            before, size = b",", 0
            piece.clear()
    if not piece and before == b",":
        before = b""
    yield b"%b%b]}" % (before, b",".join(piece))


def _items(found: Listing) -> Iterator[bytes]:
    """The items of a list: without kind and apiVersion, which the list itself says."""
    start = len(head_of(found.resource))
    for each in found.entries:
        yield b'{"metadata":{"resourceVersion":"%d",%s' % (each.revision, each.stored[start:])


def encoded(body: bytes, form: Form) -> bytes:
    """JSON bytes in another encoding, where one is wanted."""
    if form.encoding == "json":
        return json.dumps(decode(body), indent=2).encode() + b"\n" if form.pretty else body
    tree = decode(body)
    if form.encoding == "yaml":
        import yaml  # seldom asked for

        return yaml.safe_dump(tree, default_flow_style=False, allow_unicode=True).encode()
    from wherry.apiserver.protobuf import encode as protobuf  # the tables are loaded by the first such answer

    return protobuf(tree.pop("apiVersion"), tree.pop("kind"), tree)


# --- watches -----------------------------------------------------------------------------------------


def frame(kind: str, body: bytes, form: Form) -> bytes:
    """One event of a watch, as it goes over the wire."""
    if form.encoding == "protobuf":
        from wherry.apiserver.protobuf import watch_frame

        return watch_frame(kind, encoded(body, form))
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), body)


def frames(
    form: Form, clock: Clock, resource: Resource, include: str = ""
) -> Callable[[Sequence[Event]], bytes]:
    """What a channel of watchers makes of a batch of events: the bytes that all of them are sent."""
    if form == PLAIN_STREAM and not resource.stored[1]:
        return _plain_frames
    if form.view == "table":

        def rows(events: Sequence[Event]) -> bytes:
            return b"".join(table_frame(event, form, clock, include, resource) for event in events)

        return rows
    make = tables.partial if form.view == "metadata" else _body

    def others(events: Sequence[Event]) -> bytes:
        return b"".join(frame(event.type, make(event.entry.viewed(resource)), form) for event in events)

    return others


PLAIN_STREAM = Form(stream=True)


def _body(found: Entry) -> bytes:
    return found.body


def _plain_frames(events: Sequence[Event]) -> bytes:
    head = head_of(events[0].entry.resource)
    start = len(head)
    return b"".join(
        [
            b'{"type":"%s","object":%s"resourceVersion":"%d",%s}\n'
            % (event.type.encode(), head, event.entry.revision, event.entry.stored[start:])
            for event in events
        ]
    )


def table_frame(
    event: Event, form: Form, clock: Clock, include: str, resource: Resource, *, heads: bool = False
) -> bytes:
    found = event.entry.viewed(resource)
    metadata = {"resourceVersion": str(found.revision)}
    return frame(
        event.type, tables.table(resource, [found], metadata, clock.now(), include, heads=heads), form
    )


@cache
def _bookmark(resource: Resource, view: str) -> bytes:
    kind, version = resource.kind, resource.apiVersion
    if view == "metadata":
        kind, version = "PartialObjectMetadata", "meta.k8s.io/v1"
    return b'{"kind":"%s","apiVersion":"%s","metadata":{"resourceVersion":"' % (
        kind.encode(),
        version.encode(),
    )


def bookmark(resource: Resource, revision: int, form: Form, *, initial_end: bool = False) -> bytes:
    """A BOOKMARK: all up to `revision` has been sent; `initial_end`: and all that was there at first."""
    annotations: Any = b',"annotations":{"%s":"true"}' % INITIAL_END.encode() if initial_end else b""
    if form.view == "table":
        row = {
            "cells": [],
            "object": msgspec.Raw(b'%s%d"%s}}' % (_bookmark(resource, "metadata"), revision, annotations)),
        }
        tree = {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": str(revision)},
            "columnDefinitions": tables.definitions(resource),
            "rows": [row],
        }
        return frame("BOOKMARK", encode(tree), form)
    return frame("BOOKMARK", b'%s%d"%s}}' % (_bookmark(resource, form.view), revision, annotations), form)
