"""protobuf: objects in application/vnd.kubernetes.protobuf, to and from the trees that JSON gives.

`decode` and `encode` are all that others need. The protobuf library and the tables are loaded by the first
call: a server that is never spoken to in protobuf pays nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wherry.machinery.errors import BadRequest

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
WATCH_CONTENT_TYPE = f"{CONTENT_TYPE};stream=watch"

__all__ = ["CONTENT_TYPE", "WATCH_CONTENT_TYPE", "decode", "encode", "watch_frame"]


def decode(body: bytes) -> tuple[str, str, dict[str, Any]]:
    """apiVersion, kind and tree (without these two) of the object in a body; BadRequest for anything else."""
    from wherry.apiserver.protobuf.reading import read_object

    try:
        return read_object(body)
    except RecursionError:
        raise BadRequest("unable to decode protobuf: objects in it are nested too deeply") from None


def encode(apiVersion: str, kind: str, tree: Mapping[str, Any]) -> bytes:
    """A JSON tree as an enveloped message; NotAcceptable for kinds that have no protobuf form."""
    from wherry.apiserver.protobuf.writing import write_object

    return write_object(apiVersion, kind, tree)


def watch_frame(type: str, object: bytes) -> bytes:
    """One event of a watch: its length in four bytes, then the event around an encoded object."""
    from wherry.apiserver.protobuf.writing import write_watch_event

    event = write_watch_event(type, object)
    return len(event).to_bytes(4, "big") + event
