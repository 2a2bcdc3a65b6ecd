"""Writing: from a JSON tree to the bytes of the protobuf message that means the same.

A tree becomes the arguments of the message's class, which checks and writes them in one call. Fields that
a message does not have, `kind` and `apiVersion` first, are left out.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

import msgspec

from wherry.apiserver.protobuf.messages import class_of, field_name
from wherry.apiserver.protobuf.reading import EPOCH, MAGIC, SCHEMA
from wherry.apiserver.protobuf.tables import (
    INLINE,
    SCALARS,
    Field,
    Shape,
    fields_of,
    is_list,
    message_for,
)
from wherry.machinery.errors import InternalError, NotAcceptable
from wherry.machinery.times import parse

Write = Callable[[Any], Any]

_json = msgspec.json.Encoder().encode


class Step(NamedTuple):
    """Where a JSON field goes: through the inlined messages of `inside` to `name`. No `write`: as it is."""

    inside: tuple[str, ...]
    name: str
    write: Write | None


@cache
def writer(message: str) -> Write:
    """What turns JSON into the arguments of this message's class."""
    if special := SPECIAL.get(message):
        return special
    if is_list(message):
        return lambda items: {"f1": items}
    steps: dict[str, Step] = {}  # made when first used: schemas hold schemas

    def write(tree: Mapping[str, Any]) -> dict[str, Any]:
        if not steps:
            steps.update(_steps(message))
        arguments: dict[str, Any] = {}
        for key, value in tree.items():
            step = steps.get(key)
            if step is None or value is None:
                continue
            inside, name, inner = step
            place = arguments
            for inlined in inside:
                place = place.setdefault(inlined, {})
            place[name] = value if inner is None else inner(value)
        return arguments

    return write


def _steps(message: str, inside: tuple[str, ...] = ()) -> dict[str, Step]:
    found: dict[str, Step] = {}
    for field in fields_of(message):
        name = field_name(field.number)
        if field.name == INLINE:
            found |= _steps(field.type, (*inside, name))
        else:
            found[field.name] = Step(inside, name, _write(field))
    return found


def _write(field: Field) -> Write | None:
    write = _SCALAR_WRITES.get(field.type) if field.type in SCALARS else writer(field.type)
    if write is None:
        return None
    if field.shape is Shape.MAP:
        return lambda entries: {key: write(value) for key, value in entries.items()}
    if field.shape is Shape.MANY:
        return lambda items: [write(item) for item in items]
    return write


_SCALAR_WRITES: Mapping[str, Write] = {"bytes": lambda text: b64decode(text, validate=True)}


# --- types with a JSON form of their own -----------------------------------------------------------


def _time(text: str) -> dict[str, int]:
    whole, rest = divmod(parse(text) - EPOCH, timedelta(seconds=1))
    return {"f1": whole, "f2": rest.microseconds * 1000}


def _quantity(value: Any) -> dict[str, str]:
    return {"f1": str(value)}


def _int_or_string(value: int | str) -> dict[str, int | str]:
    return {"f1": 1, "f3": value} if isinstance(value, str) else {"f1": 0, "f2": value}


def _raw(value: Any) -> dict[str, bytes]:
    return {"f1": _json(value)}


def _schema_or_array(value: Any) -> dict[str, Any]:
    schema = writer(SCHEMA)
    return {"f2": [schema(item) for item in value]} if isinstance(value, list) else {"f1": schema(value)}


def _schema_or_bool(value: Any) -> dict[str, Any]:
    return {"f1": value} if isinstance(value, bool) else {"f1": True, "f2": writer(SCHEMA)(value)}


def _schema_or_strings(value: Any) -> dict[str, Any]:
    return {"f2": value} if isinstance(value, list) else {"f1": writer(SCHEMA)(value)}


SPECIAL: Mapping[str, Write] = {
    "meta.v1.Time": _time,
    "meta.v1.MicroTime": _time,
    "meta.v1.FieldsV1": _raw,
    "quantity.Quantity": _quantity,
    "intstr.IntOrString": _int_or_string,
    "runtime.RawExtension": _raw,
    "apiextensions.v1.JSON": _raw,
    "apiextensions.v1.JSONSchemaPropsOrArray": _schema_or_array,
    "apiextensions.v1.JSONSchemaPropsOrBool": _schema_or_bool,
    "apiextensions.v1.JSONSchemaPropsOrStringArray": _schema_or_strings,
}


# --- objects ---------------------------------------------------------------------------------------


def write_message(message: str, tree: Mapping[str, Any]) -> bytes:
    """The bytes of a message, without an envelope. Equal trees give equal bytes."""
    try:
        made = class_of(message)(**writer(message)(tree))
        return made.SerializeToString(deterministic=True)
    except (TypeError, ValueError, AttributeError) as error:
        name = message.rpartition(".")[2]
        raise InternalError(f"this {name} does not fit its protobuf message: {error}: ask for JSON") from None


def write_object(apiVersion: str, kind: str, tree: Mapping[str, Any]) -> bytes:
    """An object in its envelope. NotAcceptable for kinds that have no protobuf form."""
    message = message_for(apiVersion, kind)
    if message is None:
        raise NotAcceptable(
            f"{kind} in version {apiVersion} has no protobuf form: accept application/json for it"
        )
    return envelope(apiVersion, kind, write_message(message, tree))


def envelope(apiVersion: str, kind: str, raw: bytes) -> bytes:
    unknown = class_of("runtime.Unknown")(f1={"f1": apiVersion, "f2": kind}, f2=raw)
    return MAGIC + unknown.SerializeToString()


def write_watch_event(type_: str, data: bytes) -> bytes:
    """A WatchEvent around an enveloped object."""
    return class_of("meta.v1.WatchEvent")(f1=type_, f2={"f1": data}).SerializeToString()
