"""Entry: one stored object: its bytes, and what is derived from them when somebody asks.

The store keeps an object's bytes without its resourceVersion, which is the revision that the store gives
the write. Bytes begin alike for all objects of a resource, so the revision is put in by joining three
pieces: no parsing, and the store and this cache share the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from wherry.api.registry import Resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Tree


class _Labels(msgspec.Struct, frozen=True, gc=False):
    labels: dict[str, str] = {}


class _Labelled(msgspec.Struct, frozen=True, gc=False):
    metadata: _Labels = _Labels()


class _Managed(msgspec.Struct, frozen=True, gc=False):
    managedFields: msgspec.Raw = msgspec.Raw(b"")


class _Tracked(msgspec.Struct, frozen=True, gc=False):
    metadata: _Managed = _Managed()


_labelled = msgspec.json.Decoder(_Labelled)
_tracked = msgspec.json.Decoder(_Tracked)
_encoder = msgspec.json.Encoder()
decode_tree = msgspec.json.Decoder(dict[str, Any]).decode


@cache
def head_of(resource: Resource) -> bytes:
    """How the bytes of every object of a resource begin."""
    return b'{"kind":"%s","apiVersion":"%s","metadata":{' % (
        resource.kind.encode(),
        resource.apiVersion.encode(),
    )


@cache
def decoder_of(kind: type[Object]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def stored_form(resource: Resource, tree: Tree) -> bytes:
    """A tree as the store keeps it: kind, apiVersion and metadata first, no resourceVersion."""
    metadata = {key: value for key, value in tree["metadata"].items() if key != "resourceVersion"}
    ordered: Tree = {"kind": resource.kind, "apiVersion": resource.apiVersion, "metadata": metadata}
    for key, value in tree.items():
        if key not in ordered:
            ordered[key] = value
    return _encoder.encode(ordered)


class Entry:
    """One object at one revision. Immutable: a change makes a new Entry."""

    __slots__ = ("_labels", "_typed", "key", "resource", "revision", "stored")

    def __init__(self, resource: Resource, key: str, stored: bytes, revision: int) -> None:
        self.resource = resource
        self.key = key  # "namespace/name", or "name" where there are no namespaces
        self.stored = stored
        self.revision = revision
        self._labels: Mapping[str, str] | None = None
        self._typed: Object | None = None

    def __repr__(self) -> str:
        return f"<Entry {self.resource.qualified} {self.key} at {self.revision}>"

    @property
    def namespace(self) -> str:
        return self.key.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.key.rpartition("/")[2]

    @property
    def body(self) -> bytes:
        """The object as JSON, as clients see it."""
        head = head_of(self.resource)
        return b'%s"resourceVersion":"%d",%s' % (head, self.revision, self.stored[len(head) :])

    @property
    def tree(self) -> Tree:
        """The object as a JSON tree; a new one each time, to be changed at will."""
        tree = decode_tree(self.stored)
        tree["metadata"]["resourceVersion"] = str(self.revision)
        return tree

    @property
    def labels(self) -> Mapping[str, str]:
        if self._labels is None:
            self._labels = _labelled.decode(self.stored).metadata.labels
        return self._labels

    @property
    def typed(self) -> Any:
        """The object as its type, but for its managedFields: decoded on first use, shared by all who ask.

        Who manages which fields concerns none who ask, and would be two thirds of what is decoded and
        kept: of a Pod 15 KB of 22, in a hundred maps that the collector would visit again and again.
        """
        if self._typed is None:
            body = self.body
            managed = bytes(_tracked.decode(body).metadata.managedFields)
            self._typed = decoder_of(self.resource.type).decode(
                body.replace(managed, b"[]", 1) if managed else body
            )
        return self._typed

    def viewed(self, resource: Resource) -> Entry:
        """The same object in another version (Events of both groups): decoded, converted, encoded."""
        if resource is self.resource:
            return self
        tree = self.tree
        convert = resource.strategy.from_stored
        assert convert is not None, f"{resource.apiVersion} {resource.kind} has no from_stored"
        convert(tree)
        return Entry(resource, self.key, stored_form(resource, tree), self.revision)
