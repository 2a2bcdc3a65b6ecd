"""A component as this process: signals end it, and its failures are one line."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
import pytest

from wherry.cluster import foreground, logs


class Expected(Exception):
    """A failure that says itself what to do."""


FULL = Expected("the moon is full")


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "configure", lambda: None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: int) -> None:
    story = []

    @asynccontextmanager
    async def component() -> AsyncIterator[None]:
        story.append("up")
        os.kill(os.getpid(), number)
        try:
            yield
        finally:
            story.append("down")

    foreground.run(component, (Expected,))
    assert story == ["up", "down"]


@pytest.mark.parametrize("error", [FULL, ExceptionGroup("tasks", [ExceptionGroup("inner", [FULL])])])
def test_a_failure_is_its_own_words(error: Exception) -> None:
    @asynccontextmanager
    async def component() -> AsyncIterator[None]:
        raise error
        yield

    with pytest.raises(click.ClickException, match="the moon is full"):
        foreground.run(component, (Expected,))


def test_a_failure_without_words_is_named(caplog: pytest.LogCaptureFixture) -> None:
    @asynccontextmanager
    async def component() -> AsyncIterator[None]:
        raise ZeroDivisionError
        yield

    with pytest.raises(click.ClickException, match="ZeroDivisionError"):
        foreground.run(component, (Expected,))
    assert "failed" in caplog.text, "what nobody expected is in the log, with its traceback"
