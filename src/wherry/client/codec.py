"""Codec: objects to JSON bytes and back, as they stand in requests and answers."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import msgspec

from wherry.machinery.errors import StatusError, from_status
from wherry.machinery.meta import ListMeta, Object

ObjectT = TypeVar("ObjectT", bound=Object)


class Answer(msgspec.Struct, frozen=True):
    """As much of any answer as tells what it is."""

    kind: str = ""


_ANSWER = msgspec.json.Decoder(Answer)
_ENCODER = msgspec.json.Encoder()


@cache
def _head(kind: type[Object]) -> bytes:
    return msgspec.json.encode({"apiVersion": kind.apiVersion, "kind": kind.kind})[:-1]


def encode(obj: Object) -> bytes:
    """The object as a request's body: fields, preceded by apiVersion and kind."""
    fields = _ENCODER.encode(obj)
    head = _head(type(obj))
    return head + b"}" if fields == b"{}" else head + b"," + fields[1:]


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def decode(body: bytes | msgspec.Raw, kind: type[ObjectT]) -> ObjectT:
    """The typed object. Nulls, which other servers write for unset fields, count as absent."""
    decoder: msgspec.json.Decoder[ObjectT] = _decoder(kind)
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        return msgspec.convert(without_nulls(msgspec.json.decode(body)), kind)


def without_nulls(tree: Any) -> Any:
    """A copy of a JSON tree in which no object has a null field."""
    if isinstance(tree, dict):
        return {key: without_nulls(value) for key, value in tree.items() if value is not None}
    if isinstance(tree, list):
        return [without_nulls(item) for item in tree]
    return tree


class RawList(msgspec.Struct, frozen=True):
    """A List whose items are not looked at yet. Go writes an empty one as null."""

    metadata: ListMeta = ListMeta()
    items: list[msgspec.Raw] | None = None


_LIST = msgspec.json.Decoder(RawList)


def decode_list(body: bytes) -> RawList:
    return _LIST.decode(body)


def is_status(body: bytes) -> bool:
    """Whether an answer is a Status instead of the object asked for."""
    return _ANSWER.decode(body).kind == "Status"


def error_from(body: bytes, code: int) -> StatusError:
    """The error that an answer with this HTTP status code stands for."""
    try:
        tree = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        tree = None
    if isinstance(tree, dict) and tree.get("kind") == "Status":
        return from_status(tree)
    message = body.decode(errors="replace").strip() or f"the server answered with HTTP status {code}"
    return from_status({"code": code, "message": message})
