"""Protocol buffers: frozen messages that say their own field numbers, without generated code.

    class PodIP(Message):
        ip: Annotated[str, 1] = ""

A field is a str, bytes, bool, int, another message, a tuple of those, or a map of strings. A message
field that may be absent is `X | None = None`; with `X = X()` absent and empty are the same. Fields
that a class does not name are skipped, so a class lists only what is used of a message. Integers are
varints read as signed 64 bit, which covers int32, int64, uint32 and enumerations; uint64 says UNSIGNED.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar, dataclass_transform

import msgspec

UNSIGNED = "unsigned"

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
SIGN, WORD = 1 << 63, 1 << 64


class Malformed(ValueError):
    """These bytes are no protocol buffer of the expected shape."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all messages."""


MessageT = TypeVar("MessageT", bound=Message)


class Field(NamedTuple):
    """How one field travels."""

    name: str
    number: int
    wire: int
    write: Callable[[Any], bytes]  # the value after the tag, length prefix included
    read: Callable[[Any], Any]  # from an int (VARINT) or bytes (LENGTH)
    repeated: bool
    mapping: bool
    keeps_empty: bool  # a present but empty message is not the same as none

    @property
    def tag(self) -> bytes:
        return varint(self.number << 3 | self.wire)


def encode(message: Message) -> bytes:
    """The message on the wire; fields that hold their defaults are left out."""
    out = bytearray()
    for field in layout(type(message)).values():
        value = getattr(message, field.name)
        if field.mapping:
            for pair in value.items():
                out += field.tag + field.write(pair)
        elif field.repeated:
            out += _repeated(field, value)
        elif value is not None:
            written = field.write(value)
            if field.keeps_empty or written != b"\0":
                out += field.tag + written
    return bytes(out)


def decode(kind: type[MessageT], data: bytes) -> MessageT:
    """The message in `data`. Of a field that comes twice the last one counts."""
    fields = layout(kind)
    values: dict[str, Any] = {}
    for number, wire, raw in parts(data):
        field = fields.get(number)
        if field is None:
            continue
        if field.repeated and field.wire == VARINT and wire == LENGTH:
            values.setdefault(field.name, []).extend(field.read(item) for item in _packed(raw))
        elif wire != field.wire:
            raise Malformed(f"{kind.__name__}.{field.name} came with wire type {wire}, expected {field.wire}")
        elif field.mapping:
            key, value = field.read(raw)
            values.setdefault(field.name, {})[key] = value
        elif field.repeated:
            values.setdefault(field.name, []).append(field.read(raw))
        else:
            values[field.name] = field.read(raw)
    for name, value in values.items():
        if type(value) is list:
            values[name] = tuple(value)
    return kind(**values)


def parts(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Field number, wire type and raw value (int or bytes) of everything in `data`."""
    position, end = 0, len(data)
    while position < end:
        tag, position = _read_varint(data, position)
        wire = tag & 7
        if wire == VARINT:
            value, position = _read_varint(data, position)
            yield tag >> 3, wire, value
            continue
        if wire == LENGTH:
            length, position = _read_varint(data, position)
        elif wire in (FIXED64, FIXED32):
            length = 8 if wire == FIXED64 else 4
        else:
            raise Malformed(f"unknown wire type {wire}")
        if position + length > end:
            raise Malformed("the message ends in the middle of a field")
        yield tag >> 3, wire, data[position : position + length]
        position += length


def varint(value: int) -> bytes:
    """A base-128 varint; negative numbers as their 64-bit two's complement."""
    value &= WORD - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@cache
def layout(kind: type[Message]) -> Mapping[int, Field]:
    """The fields of a message class by number, worked out when the class is first used."""
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = [_field(name, *typing.get_args(hint)) for name, hint in hints.items()]
    return {field.number: field for field in fields}


def _field(name: str, hint: Any, number: int, note: str = "") -> Field:
    mapping = typing.get_origin(hint) is Mapping
    repeated = typing.get_origin(hint) is tuple
    optional = typing.get_origin(hint) in (types.UnionType, typing.Union)
    inner = typing.get_args(hint)[0] if repeated or optional else hint
    wire, write, read = (LENGTH, _write_pair, _read_pair) if mapping else _codec(inner, note)
    return Field(name, number, wire, write, read, repeated, mapping, keeps_empty=optional)


def _codec(kind: Any, note: str) -> tuple[int, Callable[[Any], bytes], Callable[[Any], Any]]:
    if kind is str:
        return LENGTH, lambda value: _delimited(value.encode()), lambda raw: raw.decode()
    if kind is bytes:
        return LENGTH, _delimited, lambda raw: raw
    if kind is bool:
        return VARINT, varint, lambda raw: raw != 0
    if kind is int:
        return VARINT, varint, (lambda raw: raw) if note == UNSIGNED else _signed
    return LENGTH, lambda value: _delimited(encode(value)), lambda raw: decode(kind, raw)


def _repeated(field: Field, values: tuple[Any, ...]) -> bytes:
    if field.wire == VARINT and values:
        packed = b"".join(field.write(value) for value in values)
        return varint(field.number << 3 | LENGTH) + _delimited(packed)
    return b"".join(field.tag + field.write(value) for value in values)


class _Pair(Message):
    key: typing.Annotated[str, 1] = ""
    value: typing.Annotated[str, 2] = ""


def _write_pair(pair: tuple[str, str]) -> bytes:
    return _delimited(encode(_Pair(key=pair[0], value=pair[1])))


def _read_pair(raw: bytes) -> tuple[str, str]:
    pair = decode(_Pair, raw)
    return pair.key, pair.value


def _delimited(data: bytes) -> bytes:
    return varint(len(data)) + data


def _signed(raw: int) -> int:
    return raw - WORD if raw & SIGN else raw


def _packed(data: bytes) -> Iterator[int]:
    position = 0
    while position < len(data):
        value, position = _read_varint(data, position)
        yield value


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    try:
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & (WORD - 1), position
            shift += 7
            if shift > 63:
                raise Malformed("a varint of more than ten bytes")
    except IndexError:
        raise Malformed("the message ends in the middle of a number") from None
