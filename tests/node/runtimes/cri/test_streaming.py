"""CRI streaming: how a session ends."""

from __future__ import annotations

import json

import pytest

from wherry.node.runtimes.cri.streaming import connect, exit_code
from wherry.node.runtimes.interface import RuntimeFailure, Unavailable


def failure(**more: object) -> bytes:
    return json.dumps({"status": "Failure", **more}).encode()


def test_success_is_zero() -> None:
    assert exit_code(b'{"metadata":{},"status":"Success"}') == 0
    assert exit_code(b"") == 0


def test_a_non_zero_exit_is_a_cause() -> None:
    causes = {"causes": [{"reason": "ExitCode", "message": "42"}]}
    assert exit_code(failure(reason="NonZeroExitCode", details=causes)) == 42


def test_any_other_failure_is_raised_in_its_words() -> None:
    with pytest.raises(RuntimeFailure, match="no such container"):
        exit_code(failure(message="no such container"))


async def test_nobody_at_the_url_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="streaming server"):
        await connect("http://127.0.0.1:1/exec/x", tty=False, stdin=False)
