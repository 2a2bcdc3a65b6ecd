"""Streams: exec, attach and port-forward: a client's streams joined to what runs in a pod."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from wherry.node.podview import Refused, pod_of, ready_sandbox, running
from wherry.node.runtimes.interface import RuntimeFailure, Session
from wherry.wire import forward, remote
from wherry.wire.channels import STDERR, STDOUT, exited, failed, succeeded
from wherry.wire.duplex import Duplex
from wherry.wire.message import Request
from wherry.wire.protocol import Answer
from wherry.wire.remote import Remote, Streams, streams_wanted

if TYPE_CHECKING:
    from wherry.node.agent import Agent

Open = Callable[[], Awaitable[Session]]


async def exec_(agent: Agent, request: Request, rest: list[str]) -> Answer:
    namespace, name, container = _three(rest, "exec")
    run = running(pod_of(agent.workers, namespace, name), container).id
    command = tuple(request.query.all("command"))
    if not command:
        raise Refused("you must specify at least one command for the container")
    wanted = streams_wanted(request.query)
    runtime = agent.tools.runtime
    return remote.accept(
        request,
        wanted,
        lambda client: converse(
            client, wanted, lambda: runtime.exec(run, command, tty=wanted.tty, stdin=wanted.stdin)
        ),
    )


async def attach(agent: Agent, request: Request, rest: list[str]) -> Answer:
    namespace, name, container = _three(rest, "attach")
    run = running(pod_of(agent.workers, namespace, name), container).id
    wanted = streams_wanted(request.query)
    runtime = agent.tools.runtime
    return remote.accept(
        request,
        wanted,
        lambda client: converse(
            client, wanted, lambda: runtime.attach(run, tty=wanted.tty, stdin=wanted.stdin)
        ),
    )


async def port_forward(agent: Agent, request: Request, rest: list[str]) -> Answer:
    if len(rest) != 2:
        raise Refused("ask for /portForward/NAMESPACE/POD")
    sandbox = ready_sandbox(pod_of(agent.workers, *rest))

    async def connect(port: int) -> Duplex:
        connection = await agent.tools.runtime.dial(sandbox, port)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=connection)
        return Duplex(transport)

    return forward.accept(request, connect)


def _three(rest: list[str], what: str) -> tuple[str, str, str]:
    if len(rest) == 4:  # with the pod's uid, as older API servers ask
        rest = [rest[0], rest[1], rest[3]]
    if len(rest) != 3:
        raise Refused(f"ask for /{what}/NAMESPACE/POD/CONTAINER")
    return rest[0], rest[1], rest[2]


async def converse(client: Remote, wanted: Streams, open_: Open) -> Mapping[str, Any]:
    """Carry bytes between the client and the process until it ends; the Status that says how it did."""
    try:
        session = await open_()
    except RuntimeFailure as error:
        return failed(f"error executing command in container: {error}")
    inward = [asyncio.create_task(_resize(client, session))]
    problem = ""
    if wanted.stdin:
        inward.append(asyncio.create_task(_feed(client, session)))
    try:
        code = await _until_end(client, wanted, session)
    except* ConnectionError:
        code = 0  # nobody is there to hear it
    except* RuntimeFailure as problems:
        problem = str(problems.exceptions[0])
    finally:
        for task in inward:
            task.cancel()
        await asyncio.wait(inward)
        await session.close()
    if problem:
        return failed(problem)
    return exited(code) if code else succeeded()


async def _until_end(client: Remote, wanted: Streams, session: Session) -> int:
    async with asyncio.TaskGroup() as group:
        if wanted.stdout:
            group.create_task(_pour(session.read_stdout, client, STDOUT))
        if wanted.stderr and not wanted.tty:
            group.create_task(_pour(session.read_stderr, client, STDERR))
        code = group.create_task(session.wait())
    return code.result()


async def _pour(read: Callable[[], Awaitable[bytes]], client: Remote, channel: int) -> None:
    while data := await read():
        await client.write(channel, data)


async def _feed(client: Remote, session: Session) -> None:
    """The client's input; when the client vanishes, so does what it was talking to."""
    try:
        while data := await client.stdin():
            await session.write(data)
    except ConnectionError:
        await session.close()
        return
    with contextlib.suppress(RuntimeFailure):
        await session.close_stdin()


async def _resize(client: Remote, session: Session) -> None:
    while (size := await client.size()) is not None:
        with contextlib.suppress(RuntimeFailure):  # it may have ended meanwhile
            await session.resize(*size)
