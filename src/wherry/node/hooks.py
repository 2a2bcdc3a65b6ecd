"""Hooks: what runs in or against a container right after its start and right before its stop."""

from __future__ import annotations

import asyncio

from wherry.api.core.container import Container, EphemeralContainer, LifecycleHandler
from wherry.node import checks
from wherry.node.runtimes.interface import Runtime

HTTP_LIMIT = 30.0  # seconds


class HookFailure(Exception):
    """The hook did not do what it should."""


async def run_hook(
    handler: LifecycleHandler,
    container: Container | EphemeralContainer,
    run: str,
    host: str,
    runtime: Runtime,
) -> None:
    """Run one hook to its end; the caller sets how long that may take. HookFailure if it fails."""
    if handler.exec is not None:
        await _command(handler.exec.command, run, runtime)
    elif handler.httpGet is not None:
        try:
            port = checks.port_number(handler.httpGet.port, container)
        except checks.BadPort as error:
            raise HookFailure(str(error)) from error
        answer = await checks.request(handler.httpGet, host, port, HTTP_LIMIT)
        if not answer.ok:
            raise HookFailure(answer.output)
    elif handler.sleep is not None:
        await asyncio.sleep(handler.sleep.seconds)
    # A tcpSocket hook is accepted by the API and does nothing, as upstream.


async def _command(command: tuple[str, ...], run: str, runtime: Runtime) -> None:
    answer = await checks.run_command(runtime, run, command, 0)
    if not answer.ok:
        shown = "[" + " ".join(command) + "]"
        raise HookFailure(f"Exec lifecycle hook ({shown}) failed: {answer.output}")
