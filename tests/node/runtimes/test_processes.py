"""Processes that outlive who started them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from wherry.node.runtimes import processes
from wherry.node.runtimes.processes import Process

Until = Callable[[Callable[[], bool]], Awaitable[None]]
ENVIRONMENT = {"PATH": os.environ["PATH"]}


def sleeper(tmp_path: Path, script: str = "exec sleep 1000") -> Process:
    return processes.start(["sh", "-c", script], ENVIRONMENT, str(tmp_path / "log"))


async def test_it_runs_in_a_session_of_its_own_until_it_is_ended(tmp_path: Path) -> None:
    process = sleeper(tmp_path)
    assert process.runs()
    assert os.getsid(process.pid) == process.pid
    async with asyncio.timeout(10):
        await process.end(5)
    assert not process.runs()
    await process.end(5)


async def test_what_ignores_sigterm_is_killed(tmp_path: Path, until: Until) -> None:
    process = sleeper(tmp_path, "trap '' TERM; echo ready; read line < /dev/zero")
    await until(lambda: (tmp_path / "log").read_text() == "ready\n")
    async with asyncio.timeout(10):
        await process.end(0.05)
    assert not process.runs()


async def test_its_end_is_noticed(tmp_path: Path) -> None:
    process = sleeper(tmp_path, "echo said; exit 1")
    async with asyncio.timeout(10):
        await process.ended()
    assert not process.runs()
    assert (tmp_path / "log").read_text() == "said\n"
    await process.ended()


async def test_a_pid_file_finds_it_again(tmp_path: Path) -> None:
    process = sleeper(tmp_path)
    path = str(tmp_path / "pid")
    process.save(path)
    assert processes.load(path) == process
    await process.end(5)
    assert processes.load(path) is None


def test_another_process_of_the_same_number_is_not_taken_for_it(tmp_path: Path) -> None:
    me = processes.identify(os.getpid())
    assert me is not None
    path = str(tmp_path / "pid")
    for other in (
        Process(pid=me.pid, started=me.started - 1, boot=me.boot),
        Process(pid=me.pid, started=me.started, boot="another"),
    ):
        other.save(path)
        assert processes.load(path) is None


def test_a_broken_or_missing_pid_file_names_nobody(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("17")
    assert processes.load(str(broken)) is None
    assert processes.load(str(tmp_path / "missing")) is None


async def test_descendants_are_found(tmp_path: Path, until: Until) -> None:
    process = sleeper(tmp_path, "sleep 1000 & sleep 1001")

    def commands() -> set[str]:
        return {" ".join(processes.command_line(pid)) for pid in processes.descendants(process.pid)}

    await until(lambda: commands() == {"sleep 1000", "sleep 1001"})
    for pid in (process.pid, *processes.descendants(process.pid)):
        os.kill(pid, 9)
    await process.ended()
