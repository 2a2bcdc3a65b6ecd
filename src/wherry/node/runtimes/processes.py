"""Processes: long-lived programs that outlive whoever started them, found again and ended for certain.

A process is named by its number together with its start time and the boot it belongs to, so that a
number that was given out again is not mistaken for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from wherry.node.runtimes.interface import Value


class Process(Value):
    """A process of this boot. Written to a pid file as JSON."""

    pid: int
    started: int  # clock ticks since boot
    boot: str

    def runs(self) -> bool:
        """Whether it is still there; a zombie is not."""
        return identify(self.pid) == self

    def save(self, path: str) -> None:
        with open(f"{path}.part", "wb") as file:
            file.write(msgspec.json.encode(self))
        os.replace(f"{path}.part", path)

    def send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def ended(self) -> None:
        """Wait until it has ended, a child or not; a child is reaped."""
        loop = asyncio.get_running_loop()
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        over: asyncio.Future[None] = loop.create_future()
        loop.add_reader(descriptor, _tell, over)
        try:
            if self.runs():  # else the number belongs to another by now
                await over
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            _reap(self.pid)

    async def end(self, grace: float) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds."""
        if not self.runs():
            return
        self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await self.ended()
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.ended()


def start(command: Sequence[str], environment: Mapping[str, str], log: str) -> Process:
    """Start a program in a session of its own, its output appended to `log`."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    try:
        pid = os.posix_spawnp(
            command[0],
            list(command),
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(output)
    process = identify(pid)
    return process or Process(pid=pid, started=0, boot="")  # it has ended already


def load(path: str) -> Process | None:
    """The process that a pid file names, if it still runs."""
    try:
        with open(path, "rb") as file:
            process = msgspec.json.decode(file.read(), type=Process)
    except (OSError, msgspec.DecodeError):
        return None
    return process if process.runs() else None


def identify(pid: int) -> Process | None:
    """Who has that number now; None for nobody and for a zombie."""
    fields = _stat(pid)
    if fields is None or fields[0] in ("Z", "X"):
        return None
    return Process(pid=pid, started=int(fields[19]), boot=_boot())


def descendants(pid: int) -> list[int]:
    """All processes below that one, parents first."""
    children: dict[int, list[int]] = {}
    for other in everyone():
        if fields := _stat(other):
            children.setdefault(int(fields[1]), []).append(other)
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found[1:]


def everyone() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def command_line(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _stat(pid: int) -> list[str] | None:
    """/proc/PID/stat from the third field on: state, parent, …; the second may hold anything."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def _boot() -> str:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _tell(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)
