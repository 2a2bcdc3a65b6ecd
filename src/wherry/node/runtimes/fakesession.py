"""Fake sessions: what exec and attach lead to in the fake runtime, a few programs written as coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

NOT_FOUND = 127  # a shell's exit code for a command that does not exist
KILLED = 137


class Channel:
    """Bytes from one side to the other, in order, with an end."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self._ended = False

    def put(self, data: bytes) -> None:
        if data and not self._ended:
            self._pieces.put_nowait(data)

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            self._pieces.put_nowait(b"")

    async def get(self) -> bytes:
        """The next piece; empty at the end, and ever after."""
        data = await self._pieces.get()
        if not data:
            self._pieces.put_nowait(b"")
        return data


class Process:
    """A running program's end of its session."""

    def __init__(self, command: Sequence[str], tty: bool) -> None:
        self.command = tuple(command)
        self.stdin, self.stdout = Channel(), Channel()
        self.stderr = self.stdout if tty else Channel()
        self.size: tuple[int, int] | None = None

    async def everything(self) -> bytes:
        """All of its input."""
        data = b""
        while piece := await self.stdin.get():
            data += piece
        return data


Program = Callable[[Process], Awaitable[int]]


async def echo(process: Process) -> int:
    process.stdout.put(" ".join(process.command[1:]).encode() + b"\n")
    return 0


async def cat(process: Process) -> int:
    while data := await process.stdin.get():
        process.stdout.put(data)
    return 0


async def count(process: Process) -> int:
    process.stdout.put(b"%d\n" % len(await process.everything()))
    return 0


async def sleep(process: Process) -> int:
    await asyncio.sleep(float(process.command[1]))
    return 0


async def shell(process: Process) -> int:
    """As much of `sh -c` as tests need: `exit N`, `stty size`, and `echo WORDS` with an optional `>&2`."""
    script = process.command[-1]
    for line in (part.strip() for part in script.split(";")):
        words = line.split()
        if words[:1] == ["exit"]:
            return int(words[1])
        if words[:1] == ["echo"]:
            stream = process.stderr if words[-1] == ">&2" else process.stdout
            stream.put(" ".join(word for word in words[1:] if word != ">&2").encode() + b"\n")
        if words == ["stty", "size"] and process.size:
            width, height = process.size
            process.stdout.put(b"%d %d\r\n" % (height, width))
    return 0


async def succeed(_: Process) -> int:
    return 0


async def fail(_: Process) -> int:
    return 1


PROGRAMS: Mapping[str, Program] = {
    "echo": echo,
    "cat": cat,
    "wc": count,
    "sleep": sleep,
    "sh": shell,
    "true": succeed,
    "false": fail,
}


class FakeSession:
    """A Session with a program that runs as a task. See interface.Session for the contract."""

    def __init__(self, process: Process, program: Program, *, stdin: bool) -> None:
        self._process = process
        self._stdin = stdin
        if not stdin:
            process.stdin.end()
        self._task = asyncio.ensure_future(program(process))
        self._task.add_done_callback(self._end)

    def _end(self, _: asyncio.Future[int]) -> None:
        self._process.stdout.end()
        self._process.stderr.end()

    @property
    def over(self) -> bool:
        return self._task.done()

    def kill(self) -> None:
        self._task.cancel()

    async def write(self, data: bytes) -> None:
        if self._stdin:
            self._process.stdin.put(data)

    async def close_stdin(self) -> None:
        self._process.stdin.end()

    async def read_stdout(self) -> bytes:
        return await self._process.stdout.get()

    async def read_stderr(self) -> bytes:
        if self._process.stderr is self._process.stdout:
            return b""
        return await self._process.stderr.get()

    async def resize(self, width: int, height: int) -> None:
        self._process.size = (width, height)

    async def wait(self) -> int:
        await asyncio.wait([self._task])
        return KILLED if self._task.cancelled() else self._task.result()

    async def close(self) -> None:
        self.kill()
        await asyncio.wait([self._task])
