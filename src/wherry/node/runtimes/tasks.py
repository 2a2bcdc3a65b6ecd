"""Tasks: processes begun in a running container through containerd's native API, over named pipes.

CRI's own exec goes through a streaming server that cannot say "end of input". Here the pipes are ours:
closing stdin and CloseIO end the input while the output flows on.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
import signal
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec

from wherry.node.runtimes import native
from wherry.node.runtimes.channel import Channel
from wherry.node.runtimes.cri.node import Empty
from wherry.node.runtimes.interface import NotFound, RuntimeFailure, Unavailable
from wherry.node.runtimes.protobuf import Message

CHUNK = 64 * 1024  # bytes
RETRY = 0.1  # seconds; containerd restarts, the process goes on under its shim
PROCESS = "types.containerd.io/opencontainers/runtime-spec/1/Process"
CONTAINERS = "/containerd.services.containers.v1.Containers"

log = logging.getLogger(__name__)


class PipeReader:
    """The reading end of a named pipe; reads only when asked, so a slow reader slows the writer."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)

    async def read(self) -> bytes:
        # Before a writer has come a read would look like the end; readiness does not.
        while self._descriptor >= 0:
            await _ready(self._descriptor, writing=False)
            try:
                data = os.read(self._descriptor, CHUNK)
            except BlockingIOError:
                continue
            if not data:
                self.close()
            return data
        return b""

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class PipeWriter:
    """The writing end of a named pipe whose reader is there already; gone readers are no failure."""

    def __init__(self, path: str) -> None:
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ENXIO:  # no reader: the process has ended already
                raise

    async def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and self._descriptor >= 0:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                await _ready(self._descriptor, writing=True)
            except BrokenPipeError:
                self.close()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class TaskSession:
    """A Session with a process that `begin` started. See interface.Session for the contract."""

    def __init__(self, channel: Channel, container: str, exec_id: str, folder: str) -> None:
        self._channel = channel
        self._container, self._exec_id, self._folder = container, exec_id, folder
        self._stdout: PipeReader | None = None
        self._stderr: PipeReader | None = None
        self._stdin: PipeWriter | None = None
        self._exit: asyncio.Task[int] | None = None

    async def begin(self, spec: dict[str, Any], *, stdin: bool) -> None:
        tty = bool(spec.get("terminal"))
        pipes = {"stdout": self._pipe("stdout")}
        self._stdout = PipeReader(pipes["stdout"])
        if stdin:
            pipes["stdin"] = self._pipe("stdin")
        if not tty:
            pipes["stderr"] = self._pipe("stderr")
            self._stderr = PipeReader(pipes["stderr"])
        await self._ask(
            "Exec",
            native.ExecProcessRequest(
                container_id=self._container,
                exec_id=self._exec_id,
                terminal=tty,
                spec=native.Any(type_url=PROCESS, value=msgspec.json.encode(spec)),
                **pipes,
            ),
        )
        await self._ask("Start", self._process())
        self._exit = asyncio.create_task(self._outcome())
        if stdin:
            self._stdin = PipeWriter(pipes["stdin"])

    def _pipe(self, name: str) -> str:
        path = os.path.join(self._folder, name)
        os.mkfifo(path, 0o600)
        return path

    async def write(self, data: bytes) -> None:
        if self._stdin is not None:
            await self._until_exit(self._stdin.write(data))

    async def close_stdin(self) -> None:
        if self._stdin is None:
            return
        self._stdin.close()
        self._stdin = None
        asked = native.CloseIORequest(container_id=self._container, exec_id=self._exec_id, stdin=True)
        await self._if_there("CloseIO", asked)

    async def read_stdout(self) -> bytes:
        return await self._stdout.read() if self._stdout else b""

    async def read_stderr(self) -> bytes:
        return await self._stderr.read() if self._stderr else b""

    async def resize(self, width: int, height: int) -> None:
        size = native.ResizePtyRequest(
            container_id=self._container, exec_id=self._exec_id, width=width, height=height
        )
        await self._if_there("ResizePty", size)

    async def wait(self) -> int:
        if self._exit is None:
            raise RuntimeFailure(f"the command in container {self._container} was never started")
        return await asyncio.shield(self._exit)

    async def close(self) -> None:
        try:
            if self._exit is not None and not self._exit.done():
                kill = native.KillRequest(
                    container_id=self._container, exec_id=self._exec_id, signal=signal.SIGKILL
                )
                await self._if_there("Kill", kill)
                await asyncio.wait([self._exit])
            await self._if_there("DeleteProcess", self._process())
        finally:
            for end in (self._stdin, self._stdout, self._stderr):
                if end is not None:
                    end.close()
            if self._exit is not None:
                self._exit.cancel()
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _outcome(self) -> int:
        while True:
            try:
                answer = await self._channel.call(
                    f"{native.TASKS}/Wait", self._process(), native.WaitResponse
                )
            except Unavailable:
                await asyncio.sleep(RETRY)
            except NotFound:
                return 137  # killed with its container
            else:
                return answer.exit_status

    async def _until_exit(self, writing: Coroutine[None, None, None]) -> None:
        """Write, but not to a process that has ended: nobody would ever empty its pipe."""
        task = asyncio.create_task(writing)
        try:
            await asyncio.wait(
                [task, *([self._exit] if self._exit else [])], return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            task.cancel()

    def _process(self) -> native.ProcessRequest:
        return native.ProcessRequest(container_id=self._container, exec_id=self._exec_id)

    async def _ask(self, name: str, asked: Message) -> None:
        await self._channel.call(f"{native.TASKS}/{name}", asked, Empty)

    async def _if_there(self, name: str, asked: Message) -> None:
        """Ask something of the process; that it has ended meanwhile is no failure."""
        try:
            await self._ask(name, asked)
        except Unavailable:
            raise
        except RuntimeFailure as error:
            # Whether it is gone, stopped or without input is told with different codes.
            log.debug("process has ended meanwhile", extra={"call": name, "error": str(error)})


async def process_spec(channel: Channel, container: str, command: Sequence[str], tty: bool) -> dict[str, Any]:
    """What the container's own process runs with, for another command."""
    answer = await channel.call(
        f"{CONTAINERS}/Get", native.GetContainerRequest(id=container), native.GetContainerResponse
    )
    spec: dict[str, Any] = msgspec.json.decode(answer.container.spec.value)["process"]
    spec["args"], spec["terminal"] = list(command), tty
    if tty and not any(value.startswith("TERM=") for value in spec.get("env") or ()):
        spec["env"] = [*(spec.get("env") or ()), "TERM=xterm"]
    return spec


async def _ready(descriptor: int, *, writing: bool) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    add, remove = (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)

    def tell() -> None:
        if not ready.done():
            ready.set_result(None)

    add(descriptor, tell)
    try:
        await ready
    finally:
        remove(descriptor)
