"""Messages: classes of the protobuf library for the tables' messages, made when first asked for.

The library parses and writes; names and zero values are `reading`'s and `writing`'s business. So a field
here is named after its number only (`f4`), which spares a second set of names.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    Edition,
    FeatureSet,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from wherry.apiserver.protobuf import tables

if TYPE_CHECKING:
    from google.protobuf.message import Message

ROOT = "wherry"  # a package that no other code in the process registers types in
_KINDS = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
}
_pool = DescriptorPool()


def field_name(number: int) -> str:
    return f"f{number}"


@cache
def class_of(message: str) -> type[Message]:
    """The class of a message by its full name."""
    _load(message.rpartition(".")[0])
    return GetMessageClass(_pool.FindMessageTypeByName(f"{ROOT}.{message}"))


@cache
def _load(package: str) -> str:
    """Give the pool a package and those that it stands on; its file's name."""
    file = FileDescriptorProto(
        name=package, package=f"{ROOT}.{package}", syntax="editions", edition=Edition.EDITION_2023
    )
    file.options.features.repeated_field_encoding = FeatureSet.EXPANDED
    needed: set[str] = set()
    for name, fields in tables.package(package).items():
        message = file.message_type.add(name=name)
        for field in fields:
            _describe(message, field, f".{ROOT}.{package}.{name}")
            needed.add(field.type.rpartition(".")[0])
    file.dependency.extend(_load(other) for other in sorted(needed - {"", package}))
    _pool.Add(file)
    return package


def _describe(message: DescriptorProto, field: tables.Field, full_name: str) -> None:
    told = message.field.add(name=field_name(field.number), number=field.number)
    if field.shape is tables.Shape.MAP:
        entry = message.nested_type.add(name=f"F{field.number}Entry")
        entry.options.map_entry = True
        key = entry.field.add(name="key", number=1, type=FieldDescriptorProto.TYPE_STRING)
        key.label = FieldDescriptorProto.LABEL_OPTIONAL
        _typed(entry.field.add(name="value", number=2), field.type)
        told.type, told.type_name = FieldDescriptorProto.TYPE_MESSAGE, f"{full_name}.{entry.name}"
    else:
        _typed(told, field.type)
    many = field.shape in (tables.Shape.MAP, tables.Shape.MANY)
    told.label = FieldDescriptorProto.LABEL_REPEATED if many else FieldDescriptorProto.LABEL_OPTIONAL


def _typed(field: FieldDescriptorProto, type_: str) -> None:
    field.label = FieldDescriptorProto.LABEL_OPTIONAL
    if type_ in _KINDS:
        field.type = _KINDS[type_]
    else:
        field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{ROOT}.{type_}"
