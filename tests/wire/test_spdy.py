"""SPDY frames: there and back, cut anywhere, and from hands that do not know the rules."""

from __future__ import annotations

import contextlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.wire import spdy
from wherry.wire.spdy import Decoder, Encoder, Frame

streams = st.integers(1, 2**31 - 1)
names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20)
values = st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=30)
blocks = st.dictionaries(names, values, max_size=5).map(lambda tree: tuple(tree.items()))
frames: st.SearchStrategy[Frame] = st.one_of(
    st.builds(
        spdy.SynStream,
        streams,
        blocks,
        st.booleans(),
        st.booleans(),
        st.integers(0, 2**31 - 1),
        st.integers(0, 7),
    ),
    st.builds(spdy.SynReply, streams, blocks, st.booleans()),
    st.builds(spdy.MoreHeaders, streams, blocks, st.booleans()),
    st.builds(spdy.Data, streams, st.binary(min_size=1, max_size=50), st.booleans()),
    st.builds(spdy.RstStream, streams, st.integers(1, 11)),
    st.builds(
        spdy.Settings,
        st.lists(st.tuples(st.integers(1, 8), st.integers(0, 2**32 - 1)), max_size=3).map(tuple),
    ),
    st.builds(spdy.Ping, st.integers(1, 2**32 - 1)),
    st.builds(spdy.GoAway, st.integers(0, 2**31 - 1), st.integers(0, 2)),
    st.builds(spdy.WindowUpdate, streams, st.integers(1, 2**31 - 1)),
)


def joined(received: list[Frame]) -> list[Frame]:
    """DATA that came in pieces, in one."""
    out: list[Frame] = []
    for frame in received:
        last = out[-1] if out else None
        if (
            isinstance(frame, spdy.Data)
            and isinstance(last, spdy.Data)
            and last.stream == frame.stream
            and not last.fin
        ):
            out[-1] = spdy.Data(frame.stream, last.data + frame.data, frame.fin)
        else:
            out.append(frame)
    return out


@given(st.lists(frames, max_size=8), st.integers(1, 64))
def test_frames_survive_any_cutting(sent: list[Frame], size: int) -> None:
    encoder, decoder = Encoder(), Decoder()
    data = b"".join(encoder.encode(frame) for frame in sent)
    received: list[Frame] = []
    for at in range(0, len(data), size):
        received += decoder.feed(data[at : at + size])
    assert joined(received) == joined(sent)


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_nonsense_is_an_error_or_ignored_but_never_a_crash(pieces: list[bytes]) -> None:
    decoder = Decoder()
    try:
        for piece in pieces:
            list(decoder.feed(piece))
    except spdy.SpdyError:
        pass


@given(st.binary(max_size=60), st.integers(0, 12), st.integers(0, 255))
def test_control_frames_with_any_payload_are_no_crash(payload: bytes, kind: int, flags: int) -> None:
    head = bytes((0x80, 3, 0, kind, flags)) + len(payload).to_bytes(3)
    with contextlib.suppress(spdy.SpdyError):
        list(Decoder().feed(head + payload))


def test_the_dictionary_is_the_drafts() -> None:
    assert len(spdy.DICTIONARY) == 1423
    assert zlib.adler32(spdy.DICTIONARY) == 0xE3C6A7C2


def test_header_names_are_sent_in_lower_case_and_values_joined() -> None:
    data = Encoder().encode(spdy.SynStream(1, (("streamType", "a"), ("X", "1"), ("x", "2"))))
    (frame,) = Decoder().feed(data)
    assert frame == spdy.SynStream(1, (("streamtype", "a"), ("x", "1"), ("x", "2")))


def test_long_data_is_handed_out_as_it_arrives() -> None:
    data = Encoder().encode(spdy.Data(1, b"x" * 1000, fin=True))
    decoder = Decoder()
    assert list(decoder.feed(data[:508])) == [spdy.Data(1, b"x" * 500)]
    assert list(decoder.feed(data[508:])) == [spdy.Data(1, b"x" * 500, fin=True)]


def test_data_longer_than_a_frame_can_be_is_split() -> None:
    data = Encoder().encode(spdy.Data(1, bytes(spdy.LARGEST_DATA + 1), fin=True))
    frames = list(Decoder().feed(data))
    assert [(len(frame.data), frame.fin) for frame in frames if isinstance(frame, spdy.Data)] == [
        (spdy.LARGEST_DATA, False),
        (1, True),
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x80\x02\0\1\0\0\0\0", "version 2"),
        (b"\x80\x03\0\1\0\xff\xff\xff", "too large"),
        (b"\x80\x03\0\1\0\0\0\x02ab", "malformed"),
        (b"\x80\x03\0\x04\0\0\0\x04\0\0\xff\xff", "cut off"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, why: str) -> None:
    with pytest.raises(spdy.SpdyError, match=why):
        list(Decoder().feed(data))


def test_headers_that_swell_when_unpacked_are_refused() -> None:
    bomb = Encoder().encode(spdy.SynStream(1, (("a", "x" * 10_000_000),)))
    with pytest.raises(spdy.SpdyError, match="headers are too large"):
        list(Decoder().feed(bomb))


def test_unknown_control_frames_are_passed_over() -> None:
    assert list(Decoder().feed(b"\x80\x03\0\x0a\0\0\0\x01a" + Encoder().encode(spdy.Ping(1)))) == [
        spdy.Ping(1)
    ]
