"""Channels: messages of exec and attach, byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.wire import channels


@given(st.integers(0, 9), st.binary(), st.booleans())
def test_messages_survive(channel: int, data: bytes, text: bool) -> None:
    assert channels.decode(channels.encode(channel, data, text=text)) == (channel, data)


def test_a_message_is_a_byte_and_its_payload() -> None:
    assert channels.encode(channels.STDOUT, b"hi") == b"\x01hi"
    assert channels.encode(channels.STDOUT, b"hi", text=True) == "1aGk="


@pytest.mark.parametrize("message", [b"", "", "x", "1=", "1a"])
def test_what_is_no_message_is_a_value_error(message: bytes | str) -> None:
    with pytest.raises(ValueError, match="message"):
        channels.decode(message)


def test_sizes_are_read_as_kubectl_writes_them() -> None:
    assert channels.decode_size(b'{"Width":80,"Height":24}') == (80, 24)
    assert channels.decode_size(channels.encode_size((80, 24))) == (80, 24)
    for nonsense in (b"", b"[]", b"{}", b'{"Width":"x","Height":1}'):
        assert channels.decode_size(nonsense) is None


def test_an_exit_code_is_said_in_a_cause() -> None:
    status = channels.exited(3)
    assert status["reason"] == "NonZeroExitCode"
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]
