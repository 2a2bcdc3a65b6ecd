"""ConfigMap: configuration data for Pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.errors import ErrorType, FieldError, forbidden, invalid
from wherry.machinery.meta import Object
from wherry.machinery.names import check_config_key
from wherry.machinery.schema import Bytes

LARGEST = 1024 * 1024  # bytes of keys' values together


def validate(new: ConfigMap, old: ConfigMap | None) -> Iterator[FieldError]:
    size = 0
    for key, text in new.data.items():
        for problem in check_config_key(key):
            yield invalid(f"data[{key}]", key, problem)
        if key in new.binaryData:
            yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
        size += len(text) if text.isascii() else len(text.encode())
    for key, text in new.binaryData.items():
        for problem in check_config_key(key):
            yield invalid(f"binaryData[{key}]", key, problem)
        size += decoded_length(text)
    if size > LARGEST:
        yield FieldError("", f"may not be more than {LARGEST} bytes", type=ErrorType.TooLong)
    if old is not None and old.immutable:
        detail = "field is immutable when `immutable` is set"
        for field in ("immutable", "data", "binaryData"):
            if getattr(new, field) != getattr(old, field):
                yield forbidden(field, detail)


def decoded_length(text: str) -> int:
    """How many bytes a text in base64 stands for."""
    return len(text) * 3 // 4 - text[-2:].count("=")


@resource(
    "v1",
    "configmaps",
    validate=validate,
    columns=(NAME, column("Data", lambda found: len(found.data) + len(found.binaryData)), AGE),
)
class ConfigMap(Object):
    binaryData: Mapping[str, Bytes] = {}
    data: Mapping[str, str] = {}
    immutable: bool | None = None
