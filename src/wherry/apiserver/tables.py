"""Tables: objects as rows for people, as kubectl prints them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from wherry.api.registry import Column, Resource
from wherry.apiserver.entry import Entry
from wherry.machinery.schema import Tree
from wherry.machinery.times import age

NAME = Column(
    "Name",
    lambda found, now: found.metadata.name,
    format="name",
    description="Name must be unique within a namespace.",
)
CREATED = Column(
    "Created At",
    lambda found, now: found.metadata.creationTimestamp,
    format="date",
    description="When the object was created.",
)
DEFAULT = (NAME, CREATED)


class _Metadata(msgspec.Struct, frozen=True, gc=False):
    metadata: msgspec.Raw = msgspec.Raw(b"{}")


_metadata = msgspec.json.Decoder(_Metadata).decode
encode = msgspec.json.Encoder().encode


def columns_of(resource: Resource) -> Sequence[Column]:
    return resource.strategy.columns or DEFAULT


def definitions(resource: Resource) -> list[Tree]:
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description or column.name,
            "priority": column.priority,
        }
        for column in columns_of(resource)
    ]


def partial(entry: Entry) -> bytes:
    """The object as PartialObjectMetadata: its metadata alone."""
    return b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":%s}' % bytes(
        _metadata(entry.body).metadata
    )


def row(entry: Entry, now: datetime, include: str) -> Tree:
    typed = entry.typed
    found: Tree = {"cells": [column.cell(typed, now) for column in columns_of(entry.resource)]}
    if conditions := row_conditions(typed):
        found["conditions"] = conditions
    if include == "Object":
        found["object"] = msgspec.Raw(entry.body)
    elif include != "None":
        found["object"] = msgspec.Raw(partial(entry))
    return found


def row_conditions(typed: Any) -> list[Tree]:
    """Finished Pods are marked, so that clients can show them fainter."""
    if type(typed).kind != "Pod" or typed.status.phase not in ("Succeeded", "Failed"):
        return []
    message = {
        "Succeeded": "The pod has completed successfully.",
        "Failed": "The pod failed.",
    }[typed.status.phase]
    return [{"type": "Completed", "status": "True", "reason": typed.status.phase, "message": message}]


def table(
    resource: Resource,
    entries: Iterable[Entry],
    metadata: Tree,
    now: datetime,
    include: str,
    *,
    heads: bool = True,
) -> bytes:
    """A whole Table. Later events of a watch leave the column definitions out (`heads`)."""
    return encode(
        {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "columnDefinitions": definitions(resource) if heads else [],
            "rows": [row(entry, now, include) for entry in entries],
        }
    )


def age_column(found: Any, now: datetime) -> str:
    return age(found.metadata.creationTimestamp, now)
