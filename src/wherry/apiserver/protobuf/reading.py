"""Reading: from a message of the protobuf library to the JSON tree that means the same.

Upstream's clients write fields that are no pointers always, zero or not, and JSON has them only where they
say something. So zero, "" and {} are kept for pointers alone: `replicas: 0`, `emptyDir: {}`.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from google.protobuf.message import DecodeError

from wherry.apiserver.protobuf.messages import class_of
from wherry.apiserver.protobuf.tables import (
    INLINE,
    SCALARS,
    Field,
    Shape,
    fields_of,
    is_list,
    message_for,
)
from wherry.machinery.errors import BadRequest
from wherry.machinery.times import format_micro, format_seconds

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor

Read = Callable[[Any], Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_TIME = datetime(1, 1, 1, tzinfo=UTC)  # what a Go time is before it is set
# No pointers, yet what is empty in them is said: "select all", and JSON of any kind.
KEPT_EMPTY = frozenset({"meta.v1.LabelSelector", "runtime.RawExtension"})
MAGIC = b"k8s\0"  # every object in protobuf begins so
SCHEMA = "apiextensions.v1.JSONSchemaProps"
_json = msgspec.json.Decoder().decode


class Step(NamedTuple):
    """What becomes of one field. No name: the value's fields are the parent's. No `read`: as it is."""

    name: str | None
    read: Read | None
    keep: bool  # zero and empty too


class Plan(dict[Any, Step]):
    """The steps of a message by field descriptor, each made when the field is first met."""

    def __init__(self, message: str) -> None:
        self.fields: Mapping[int, Field] = {field.number: field for field in fields_of(message)}

    def __missing__(self, descriptor: FieldDescriptor) -> Step:
        step = self[descriptor] = _step(self.fields[descriptor.number])
        return step


@cache
def reader(message: str) -> Read:
    """What turns a message of this full name into JSON."""
    if special := SPECIAL.get(message):
        return special
    if is_list(message):
        return _items
    plan = Plan(message)

    def read(value: Any) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for descriptor, part in value.ListFields():
            name, inner, keep = plan[descriptor]
            if inner is not None:
                part = inner(part)
            if part or (keep and part is not None):
                if name is None:
                    tree.update(part)
                else:
                    tree[name] = part
        return tree

    return read


def _step(field: Field) -> Step:
    name = None if field.name == INLINE else field.name
    keep = field.shape is Shape.POINTER or field.type in KEPT_EMPTY
    read = _SCALAR_READS.get(field.type) if field.type in SCALARS else reader(field.type)
    if field.shape is Shape.MAP:
        return Step(name, _map_reader(field.type, read), keep)
    if field.shape is Shape.MANY:
        return Step(name, _list_reader(read), keep)
    return Step(name, read, keep)


def _list_reader(read: Read | None) -> Read:
    if read is None:
        return list
    return lambda items: [read(item) for item in items]


def _map_reader(type_: str, read: Read | None) -> Read:
    """Keys are sorted: the library keeps no order."""
    if read is None:
        return lambda entries: dict(sorted(entries.items()))
    return lambda entries: {key: read(entries[key]) for key in sorted(entries)}


def _number(value: float) -> float | int:
    """A double as JSON writes it: whole numbers without a fraction."""
    if not math.isfinite(value):
        raise BadRequest(f"unable to decode protobuf: {value} has no form in JSON: send a finite number")
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def _bytes(value: bytes) -> str:
    return b64encode(value).decode()


_SCALAR_READS: Mapping[str, Read] = {"double": _number, "bytes": _bytes}


# --- types with a JSON form of their own -----------------------------------------------------------


def _items(value: Any) -> list[Any]:
    return list(value.f1)


def _time(value: Any) -> str | None:
    """Whole seconds, as in JSON; a fraction is dropped. None for a time that is not set: an empty message."""
    return _seconds(value.f1) if value.ListFields() else None


def _micro_time(value: Any) -> str | None:
    if not value.ListFields():
        return None
    moment = _moment(value.f1, value.f2 // 1000)
    return None if moment == NO_TIME else format_micro(moment)


@lru_cache(1024)
def _seconds(seconds: int) -> str | None:
    moment = _moment(seconds, 0)
    return None if moment == NO_TIME else format_seconds(moment)


def _moment(seconds: int, micros: int) -> datetime:
    try:
        return EPOCH + timedelta(seconds=seconds, microseconds=micros)
    except OverflowError:
        raise BadRequest(
            f"unable to decode protobuf: {seconds} seconds are no time between the years 1 and 9999"
        ) from None


def _quantity(value: Any) -> str:
    return value.f1 or "0"


def _int_or_string(value: Any) -> int | str:
    found: int | str = value.f3 if value.f1 else value.f2
    return found


def _raw_json(value: Any) -> Any:
    """JSON bytes; none are null."""
    if not value.f1:
        return None
    try:
        return _json(value.f1)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"unable to decode protobuf: the JSON inside it is malformed: {error}") from None


def _raw_extension(value: Any) -> Any:
    """An object of another kind: JSON, or an envelope in the envelope."""
    if not value.f1.startswith(MAGIC):
        return _raw_json(value)
    apiVersion, kind, tree = read_object(value.f1)
    return {"apiVersion": apiVersion, "kind": kind, **tree}


def read_object(data: bytes) -> tuple[str, str, dict[str, Any]]:
    """apiVersion, kind and fields of the object in an envelope. BadRequest where there is none."""
    if not data.startswith(MAGIC):
        raise BadRequest("provided data does not appear to be a protobuf message: it must begin with k8s\\0")
    envelope = parse("runtime.Unknown", data[len(MAGIC) :])
    apiVersion, kind = envelope.f1.f1, envelope.f1.f2
    for field, value in (("Kind", kind), ("apiVersion", apiVersion)):
        if not value:
            raise BadRequest(f"Object '{field}' is missing in the protobuf envelope: set it in its typeMeta")
    message = message_for(apiVersion, kind)
    if message is None:
        raise BadRequest(
            f'no kind "{kind}" is registered for version "{apiVersion}" in protobuf: send it as JSON'
        )
    return apiVersion, kind, reader(message)(parse(message, envelope.f2))


def parse(message: str, data: bytes) -> Any:
    """A message of the library. BadRequest where the bytes are none."""
    try:
        return class_of(message).FromString(data)
    except DecodeError:
        name = message.rpartition(".")[2]
        raise BadRequest(f"unable to decode protobuf: the bytes are no well-formed {name}") from None


def _schema_or_array(value: Any) -> Any:
    read = reader(SCHEMA)
    return read(value.f1) if value.HasField("f1") else [read(schema) for schema in value.f2]


def _schema_or_bool(value: Any) -> Any:
    return reader(SCHEMA)(value.f2) if value.HasField("f2") else value.f1


def _schema_or_strings(value: Any) -> Any:
    return reader(SCHEMA)(value.f1) if value.HasField("f1") else list(value.f2)


SPECIAL: Mapping[str, Read] = {
    "meta.v1.Time": _time,
    "meta.v1.MicroTime": _micro_time,
    "meta.v1.FieldsV1": _raw_json,
    "quantity.Quantity": _quantity,
    "intstr.IntOrString": _int_or_string,
    "runtime.RawExtension": _raw_extension,
    "apiextensions.v1.JSON": _raw_json,
    "apiextensions.v1.JSONSchemaPropsOrArray": _schema_or_array,
    "apiextensions.v1.JSONSchemaPropsOrBool": _schema_or_bool,
    "apiextensions.v1.JSONSchemaPropsOrStringArray": _schema_or_strings,
}
