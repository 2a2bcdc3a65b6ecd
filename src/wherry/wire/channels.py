"""Channels: exec and attach as numbered channels in WebSocket messages.

The first byte of a message is the channel. Version 5 adds channel 255, whose payload is the number of a
channel that ends: that is how stdin is closed. Names that begin with `base64.` carry text messages: the
channel as an ASCII digit, the rest in base64.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255

V5 = "v5.channel.k8s.io"
V4 = "v4.channel.k8s.io"
V4_TEXT = "v4.base64.channel.k8s.io"
V1 = "channel.k8s.io"
V1_TEXT = "base64.channel.k8s.io"

WEBSOCKET_VERSIONS: Mapping[str, int] = {V5: 5, V4: 4, V4_TEXT: 4, V1: 1, V1_TEXT: 1, "": 1}
SPDY_VERSIONS: Mapping[str, int] = {
    V4: 4,
    "v3.channel.k8s.io": 3,
    "v2.channel.k8s.io": 2,
    V1: 1,
    "": 1,
}

Size = tuple[int, int]
"""Columns and rows of a terminal."""


def encode(channel: int, data: bytes, *, text: bool = False) -> bytes | str:
    """One message."""
    if text:
        return f"{channel}{base64.b64encode(data).decode()}"
    return bytes((channel,)) + data


def decode(message: bytes | str) -> tuple[int, bytes]:
    """Channel and payload of a message, binary or text. ValueError if it is neither."""
    if isinstance(message, bytes):
        if not message:
            raise ValueError("an empty message names no channel")
        return message[0], message[1:]
    if not message[:1].isdigit():
        raise ValueError(f"a text message begins with a digit, not with {message[:1]!r}")
    try:
        return int(message[0]), base64.b64decode(message[1:], validate=True)
    except binascii.Error as error:
        raise ValueError(f"a text message holds no base64: {error}") from error


def encode_size(size: Size) -> bytes:
    return json.dumps({"Width": size[0], "Height": size[1]}).encode()


def decode_size(data: bytes) -> Size | None:
    """The size in a resize message; None if it is none."""
    try:
        tree = json.loads(data)
        return int(tree["Width"]), int(tree["Height"])
    except (ValueError, KeyError, TypeError):
        return None


def succeeded() -> dict[str, Any]:
    """The Status that ends a command that went well."""
    return {"metadata": {}, "status": "Success"}


def exited(code: int) -> dict[str, Any]:
    """The Status that ends a command whose exit code is not 0."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def failed(message: str) -> dict[str, Any]:
    """The Status of a command that could not be run."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }
