"""Our protocol buffers against Google's, which are the oracle."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from wherry.node.runtimes.protobuf import UNSIGNED, Malformed, Message, decode, encode, varint

Type = descriptor_pb2.FieldDescriptorProto


class Inner(Message):
    number: Annotated[int, 1] = 0
    words: Annotated[tuple[str, ...], 2] = ()


class Outer(Message):
    text: Annotated[str, 1] = ""
    data: Annotated[bytes, 2] = b""
    flag: Annotated[bool, 3] = False
    signed: Annotated[int, 4] = 0
    unsigned: Annotated[int, 5, UNSIGNED] = 0
    inner: Annotated[Inner | None, 6] = None
    inners: Annotated[tuple[Inner, ...], 7] = ()
    numbers: Annotated[tuple[int, ...], 8] = ()
    pairs: Annotated[Mapping[str, str], 9] = {}
    far: Annotated[Inner, 1000] = Inner()


class Narrow(Message):
    """The same message, seen by somebody who knows less of it."""

    flag: Annotated[bool, 3] = False


def oracle() -> Any:
    """Outer as a class of Google's."""
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    inner = file.message_type.add(name="Inner")
    inner.field.add(name="number", number=1, type=Type.TYPE_INT64, label=Type.LABEL_OPTIONAL)
    inner.field.add(name="words", number=2, type=Type.TYPE_STRING, label=Type.LABEL_REPEATED)
    outer = file.message_type.add(name="Outer")
    entry = outer.nested_type.add(name="PairsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=Type.TYPE_STRING, label=Type.LABEL_OPTIONAL)
    entry.field.add(name="value", number=2, type=Type.TYPE_STRING, label=Type.LABEL_OPTIONAL)
    for name, number, kind, label, of in (
        ("text", 1, Type.TYPE_STRING, Type.LABEL_OPTIONAL, None),
        ("data", 2, Type.TYPE_BYTES, Type.LABEL_OPTIONAL, None),
        ("flag", 3, Type.TYPE_BOOL, Type.LABEL_OPTIONAL, None),
        ("signed", 4, Type.TYPE_INT64, Type.LABEL_OPTIONAL, None),
        ("unsigned", 5, Type.TYPE_UINT64, Type.LABEL_OPTIONAL, None),
        ("inner", 6, Type.TYPE_MESSAGE, Type.LABEL_OPTIONAL, ".t.Inner"),
        ("inners", 7, Type.TYPE_MESSAGE, Type.LABEL_REPEATED, ".t.Inner"),
        ("numbers", 8, Type.TYPE_INT64, Type.LABEL_REPEATED, None),
        ("pairs", 9, Type.TYPE_MESSAGE, Type.LABEL_REPEATED, ".t.Outer.PairsEntry"),
        ("far", 1000, Type.TYPE_MESSAGE, Type.LABEL_OPTIONAL, ".t.Inner"),
    ):
        outer.field.add(name=name, number=number, type=kind, label=label, type_name=of)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Outer"))


GoogleOuter = oracle()

int64 = st.integers(-(2**63), 2**63 - 1)
inners = st.builds(Inner, number=int64, words=st.lists(st.text(), max_size=3).map(tuple))
outers = st.builds(
    Outer,
    text=st.text(),
    data=st.binary(),
    flag=st.booleans(),
    signed=int64,
    unsigned=st.integers(0, 2**64 - 1),
    inner=st.none() | inners,
    inners=st.lists(inners, max_size=3).map(tuple),
    numbers=st.lists(int64, max_size=5).map(tuple),
    pairs=st.dictionaries(st.text(), st.text(), max_size=3),
    far=inners,
)


def as_google(message: Outer) -> Any:
    def fill(target: Any, source: Inner) -> None:
        target.SetInParent()
        target.number = source.number
        target.words.extend(source.words)

    made = GoogleOuter(
        text=message.text,
        data=message.data,
        flag=message.flag,
        signed=message.signed,
        unsigned=message.unsigned,
        numbers=message.numbers,
        pairs=dict(message.pairs),
    )
    if message.inner is not None:
        fill(made.inner, message.inner)
    for inner in message.inners:
        fill(made.inners.add(), inner)
    if message.far != Inner():
        fill(made.far, message.far)
    return made


@given(outers)
def test_google_reads_what_we_write(message: Outer) -> None:
    assert GoogleOuter.FromString(encode(message)) == as_google(message)


@given(outers)
def test_we_read_what_google_writes(message: Outer) -> None:
    assert decode(Outer, as_google(message).SerializeToString()) == message


@given(outers)
def test_what_is_written_is_read_again(message: Outer) -> None:
    assert decode(Outer, encode(message)) == message


@given(outers)
def test_unknown_fields_are_skipped(message: Outer) -> None:
    assert decode(Narrow, encode(message)) == Narrow(flag=message.flag)


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Malformed, UnicodeDecodeError):
        decode(Outer, data)


def test_an_empty_message_is_kept_apart_from_none_only_where_that_is_said() -> None:
    assert encode(Outer(inner=Inner())) == b"\x32\x00"
    assert decode(Outer, b"\x32\x00").inner == Inner()
    assert encode(Outer(far=Inner())) == b""
    assert decode(Outer, b"").inner is None


def test_defaults_take_no_bytes() -> None:
    assert encode(Outer()) == b""


def test_fixed_width_fields_of_others_are_skipped() -> None:
    fixed64 = varint(20 << 3 | 1) + bytes(8)
    fixed32 = varint(21 << 3 | 5) + bytes(4)
    assert decode(Narrow, fixed64 + fixed32 + b"\x18\x01") == Narrow(flag=True)


@pytest.mark.parametrize("data", [b"\x0a\x05ab", b"\x18", b"\x18" + b"\xff" * 11, b"\x0b", b"\x08\x01"])
def test_broken_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode(Outer, data)


def test_numbers_may_come_unpacked() -> None:
    assert decode(Outer, b"\x40\x01\x40\x02").numbers == (1, 2)
