"""Foreground: runs a component as this process: event loop, signals, and failures as one clear line."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NoReturn

import click
import uvloop

from wherry.cluster import logs
from wherry.cluster.processes import report_failure, report_ready

log = logging.getLogger(__name__)

Component = Callable[[], AbstractAsyncContextManager[Any]]


def run(component: Component, expected: tuple[type[Exception], ...]) -> None:
    """Run until SIGTERM or SIGINT. `expected`: failures whose own words say what to do."""
    logs.configure()
    try:
        uvloop.run(_until_told(component))
    except Exception as error:
        first = _first(error)
        if isinstance(first, expected):
            _fail(first)
        log.exception("failed")
        _fail(first)


def _fail(error: BaseException) -> NoReturn:
    words = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror and not error.filename:
        words = error.strerror  # without the number, which says nothing to people
    report_failure(words)
    raise click.ClickException(words) from error


def _first(error: BaseException) -> BaseException:
    """What is inside a group of failures: one task's failure has ended the others."""
    found = error
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


async def _until_told(component: Component) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with component():
        report_ready()
        log.info("ready")
        await stop.wait()
        log.info("stopping")
