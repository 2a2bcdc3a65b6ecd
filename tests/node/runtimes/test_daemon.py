"""A containerd of our own: started, found again, taken down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from wherry.machinery.clock import Clock
from wherry.node.runtimes import images, processes
from wherry.node.runtimes.daemon import Daemon
from wherry.node.runtimes.interface import NamespaceMode, Namespaces, RuntimeFailure, SandboxConfig
from wherry.node.runtimes.settings import Settings


def settings(folder: Path, binary: str = "containerd") -> Settings:
    return Settings(
        folder=str(folder), cni_conf_dir=str(folder / "cni"), sandbox_image=images.PAUSE, binary=binary
    )


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


async def test_a_missing_binary_is_told_with_what_to_install(tmp_path: Path, clock: Clock) -> None:
    daemon = Daemon(settings(tmp_path, binary="no-such-containerd"), clock)
    with pytest.raises(RuntimeFailure, match="apt install containerd runc"):
        await daemon.start()


async def test_an_old_binary_is_refused(tmp_path: Path, clock: Clock) -> None:
    old = script(tmp_path / "old", "echo containerd example.org/containerd 1.4.13 abc")
    with pytest.raises(RuntimeFailure, match=r"1\.4\.13; 1\.6 or newer"):
        await Daemon(settings(tmp_path, binary=old), clock).start()


async def test_a_folder_that_is_too_long_for_a_socket_is_refused(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(RuntimeFailure, match="too long"):
        await Daemon(settings(tmp_path / ("x" * 100)), clock).start()


@pytest.mark.machine
async def test_one_that_ends_at_once_is_told_with_the_end_of_its_log(tmp_path: Path, clock: Clock) -> None:
    broken = script(
        tmp_path / "broken",
        'test "$1" = --version && exec echo containerd x 1.7.0 y; echo it is broken; exit 1',
    )
    with pytest.raises(RuntimeFailure, match="it is broken"):
        await Daemon(settings(tmp_path / "d", binary=broken), clock).start()


@pytest.mark.machine
async def test_it_outlives_who_started_it_and_leaves_nothing_when_stopped(
    tmp_path: Path, clock: Clock
) -> None:
    first, second = (Daemon(settings(tmp_path / "d"), clock) for _ in range(2))
    try:
        runtime = await first.start()
        images.write_pause(str(tmp_path / "pause.tar"))
        await runtime.load(str(tmp_path / "pause.tar"))
        node = Namespaces(network=NamespaceMode.NODE)
        config = SandboxConfig(
            name="a", namespace="n", uid="u", namespaces=node, cgroup_parent="/wherrytest/daemon"
        )
        sandbox = await runtime.run_sandbox(config)
        pid = (await runtime.sandbox_status(sandbox)).pid
        started = processes.load(first.settings.pid_file)
        await runtime.close()
        again = await second.start()
        assert processes.load(second.settings.pid_file) == started
        assert [each.id for each in await again.list_sandboxes()] == [sandbox]
        await again.close()
    finally:
        await second.stop()
    assert started is not None
    assert not started.runs()
    assert processes.identify(pid) is None
    assert leftovers(str(tmp_path / "d")) == []
    assert not (tmp_path / "d" / "state").exists()
    await second.stop()


@pytest.mark.machine
async def test_shims_are_ended_even_if_containerd_is_dead(tmp_path: Path, clock: Clock) -> None:
    daemon = Daemon(settings(tmp_path / "d"), clock)
    try:
        runtime = await daemon.start()
        images.write_pause(str(tmp_path / "pause.tar"))
        await runtime.load(str(tmp_path / "pause.tar"))
        config = SandboxConfig(
            name="a",
            namespace="n",
            uid="u",
            namespaces=Namespaces(network=NamespaceMode.NODE),
            cgroup_parent="/wherrytest/daemon",
        )
        pid = (await runtime.sandbox_status(await runtime.run_sandbox(config))).pid
        await runtime.close()
        daemon.kill()
        await gone(lambda: processes.load(daemon.settings.pid_file) is None)
    finally:
        await daemon.stop()
    assert processes.identify(pid) is None
    assert leftovers(str(tmp_path / "d")) == []


async def gone(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 nobody would set the event
            await asyncio.sleep(0.01)


def leftovers(folder: str) -> list[str]:
    """Mounts and processes that have to do with the folder."""
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if folder in line]
    commands = (" ".join(processes.command_line(pid)) for pid in processes.everyone())
    return mounts + [command for command in commands if f"{folder}/" in command]
