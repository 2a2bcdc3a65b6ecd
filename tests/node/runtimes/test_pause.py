"""The pause program: its bytes, and what it does as process 1."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from wherry.node.runtimes import images, pause, processes

# Disassembled once with llvm-mc -triple=aarch64, as nothing here runs it:
# mov x8,#135; mov x0,#0; adr x1,#112; mov x2,#0; mov x3,#8; svc #0; …
ARM64_BEGINS = "e81080d2000080d281030010020080d2030180d2010000d4"

needs_amd64 = pytest.mark.skipif(images.this_architecture() != "amd64", reason="an amd64 program")


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_it_is_a_small_static_program(architecture: str) -> None:
    program = pause.executable(architecture)
    assert len(program) < 300
    assert images.is_static(program)
    assert program.endswith(b"\xff" * 8)


def test_arm64_code_is_as_it_was_checked() -> None:
    assert pause.executable("arm64")[pause.HEADERS :].hex().startswith(ARM64_BEGINS)


def test_other_architectures_are_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="amd64, arm64"):
        pause.executable("vax")


Until = Callable[[Callable[[], bool]], Awaitable[None]]


async def begin(tmp_path: Path, until: Until) -> tuple[asyncio.subprocess.Process, int]:
    """The program as process 1 of a PID namespace: unshare's process, and its number outside."""
    path = tmp_path / "pause"
    path.write_bytes(pause.executable("amd64"))
    path.chmod(0o755)
    outer = await asyncio.create_subprocess_exec("unshare", "--pid", "--fork", "--kill-child", str(path))
    await until(lambda: any(map(waits_for_signals, processes.descendants(outer.pid))))
    return outer, processes.descendants(outer.pid)[0]


def waits_for_signals(pid: int) -> bool:
    """Whether it is in rt_sigtimedwait, system call 128."""
    return Path(f"/proc/{pid}/syscall").read_text().startswith("128 ")


@needs_amd64
@pytest.mark.machine
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_signal_ends_it_as_process_1(tmp_path: Path, until: Until, number: int) -> None:
    outer, inner = await begin(tmp_path, until)
    os.kill(inner, signal.SIGHUP)
    os.kill(inner, signal.SIGCHLD)
    os.kill(inner, number)
    async with asyncio.timeout(10):
        assert await outer.wait() == 0


@needs_amd64
@pytest.mark.machine
async def test_it_reaps_what_is_left_to_it(tmp_path: Path, until: Until) -> None:
    outer, inner = await begin(tmp_path, until)
    script = "(sleep 0.05; exit 3) & (sleep 0.06) & exit 0"  # the shell leaves two orphans
    enter = await asyncio.create_subprocess_exec("nsenter", "-t", str(inner), "-p", "sh", "-c", script)
    assert await enter.wait() == 0
    await until(lambda: not processes.descendants(inner))
    os.kill(inner, signal.SIGTERM)
    assert await outer.wait() == 0
