"""containerd itself: what the shared suite cannot say, because only real containers do it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from wherry.machinery.clock import Clock
from wherry.node.runtimes import images
from wherry.node.runtimes.containerd import ContainerdRuntime, find, version_number
from wherry.node.runtimes.cri.runtime import CriRuntime
from wherry.node.runtimes.daemon import Daemon
from wherry.node.runtimes.interface import (
    ContainerConfig,
    ContainerState,
    EventKind,
    NamespaceMode,
    Namespaces,
    Resources,
    RuntimeFailure,
    SandboxConfig,
    Session,
    Unavailable,
)

LIMIT = 20.0  # seconds
Until = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
async def real(containerd: Daemon) -> AsyncIterator[ContainerdRuntime]:
    runtime = await containerd.start()
    yield runtime
    for sandbox in await runtime.list_sandboxes():
        await runtime.stop_sandbox(sandbox.id)
        await runtime.remove_sandbox(sandbox.id)
    await runtime.close()


def pod(name: str, tmp_path: Path, namespaces: Namespaces = Namespaces()) -> SandboxConfig:
    return SandboxConfig(
        name=name,
        namespace="default",
        uid=f"{name}-uid",
        hostname=name,
        log_directory=str(tmp_path / name),
        cgroup_parent=f"/wherrytest/{name}",
        namespaces=namespaces,
    )


async def up(runtime: CriRuntime, config: SandboxConfig, main: ContainerConfig) -> tuple[str, str]:
    sandbox = await runtime.run_sandbox(config)
    container = await runtime.create_container(sandbox, main, config)
    await runtime.start_container(container)
    return sandbox, container


def main(*command: str, resources: Resources = Resources()) -> ContainerConfig:
    return ContainerConfig(
        name="main", image=images.BUSYBOX, command=command, log_path="main.log", resources=resources
    )


async def typed(session: Session, line: bytes) -> bytes:
    """All that a terminal shows until its program ends, after `line` was typed."""
    await session.write(line)
    shown = b""
    while piece := await session.read_stdout():
        shown += piece
    return shown


@pytest.mark.machine
async def test_output_lands_in_a_log_that_can_be_moved_away(
    real: ContainerdRuntime, tmp_path: Path, until: Until
) -> None:
    command = "echo out; echo err >&2; while read go < /go; do echo $go; done; sleep 1000"
    _, container = await up(real, pod("log", tmp_path), main("sh", "-c", f"mkfifo /go; {command}"))
    log = tmp_path / "log" / "main.log"
    await until(lambda: log.exists() and log.read_text().count("\n") >= 2)
    assert sorted(line.split(" ", 1)[1] for line in log.read_text().splitlines()[:2]) == [
        "stderr F err",
        "stdout F out",
    ]
    log.rename(tmp_path / "log" / "main.log.1")
    await real.reopen_log(container)
    assert log.exists()
    await real.exec_sync(container, ["sh", "-c", "echo again > /go"])
    await until(lambda: log.read_text().endswith(" stdout F again\n"))


@pytest.mark.machine
async def test_too_much_memory_is_told_as_oomkilled(real: ContainerdRuntime, tmp_path: Path) -> None:
    kinds = []
    async with asyncio.timeout(LIMIT):
        events = real.events()
        assert (await anext(events)).kind is EventKind.RELIST
        limits = Resources(memory_limit=16 << 20)
        _, container = await up(real, pod("oom", tmp_path), main("tail", "/dev/zero", resources=limits))
        async for event in events:
            if event.container == container:
                kinds.append(event.kind)
            if {EventKind.EXITED, EventKind.OOM} <= set(kinds):
                break
    status = await real.container_status(container)
    assert (status.exit_code, status.reason) == (137, "OOMKilled")


@pytest.mark.machine
async def test_a_terminal_has_the_size_it_is_given(real: ContainerdRuntime, tmp_path: Path) -> None:
    _, container = await up(real, pod("tty", tmp_path), main("sleep", "1000"))
    for runtime in (real, CriRuntime(real.socket, real.clock)):
        session = await runtime.exec(container, ["sh"], tty=True, stdin=True)
        await session.resize(77, 33)
        async with asyncio.timeout(LIMIT):
            assert b"33 77\r\n" in await typed(session, b"stty size; exit 7\n")
            assert await session.wait() == 7
        await session.close()
        if runtime is not real:
            await runtime.close()


@pytest.mark.machine
async def test_cri_alone_execs_through_the_streaming_server(real: ContainerdRuntime, tmp_path: Path) -> None:
    """What runtimes other than containerd are used with."""
    _, container = await up(real, pod("cri", tmp_path), main("sleep", "1000"))
    runtime = CriRuntime(real.socket, real.clock)
    async with asyncio.timeout(LIMIT):
        session = await runtime.exec(container, ["sh", "-c", "wc -c; echo err >&2; exit 3"], stdin=True)
        await session.write(b"x" * 300_000)
        await session.close_stdin()
        assert await session.read_stdout() == b"300000\n"
        assert await session.read_stderr() == b"err\n"
        assert await session.wait() == 3
        await session.close()
        session = await runtime.exec(container, ["no-such-program"])
        with pytest.raises(RuntimeFailure, match="executable file not found"):
            await session.wait()
        await session.close()
        events = runtime.events()
        assert (await anext(events)).kind is EventKind.RELIST  # containerd 1.6 has no CRI events: lists
        await real.stop_container(container, 0)
        assert (await anext(events)).kind is EventKind.RELIST
    with pytest.raises(RuntimeFailure, match="cannot load"):
        await runtime.load("image.tar")
    await runtime.close()


@pytest.mark.machine
async def test_a_pod_is_dialled_on_its_own_localhost(real: ContainerdRuntime, tmp_path: Path) -> None:
    sandbox, container = await up(real, pod("web", tmp_path), main("serve"))
    loop = asyncio.get_running_loop()
    answer = b""
    async with asyncio.timeout(LIMIT):
        while not answer:
            try:
                connection = await real.dial(sandbox, 8080)
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
                continue
            with connection:
                await loop.sock_sendall(connection, b"GET / HTTP/1.0\r\n\r\n")
                while piece := await loop.sock_recv(connection, 1000):
                    answer += piece
    assert answer.endswith(b"\r\n\r\nweb 1\n")
    await real.stop_container(container, 10)
    assert (await real.container_status(container)).exit_code == 0


@pytest.mark.machine
async def test_a_pod_with_one_pid_namespace_has_pause_as_process_1(
    real: ContainerdRuntime, tmp_path: Path
) -> None:
    shared = Namespaces(pid=NamespaceMode.POD)
    config = ContainerConfig(name="main", image=images.BUSYBOX, command=("sleep", "1000"), namespaces=shared)
    _, container = await up(real, pod("shared", tmp_path, shared), config)
    result = await real.exec_sync(container, ["cat", "/proc/1/comm"], 10)
    assert result.stdout == b"pause\n"


@pytest.mark.machine
async def test_eight_pods_come_and_go_at_once(real: ContainerdRuntime, tmp_path: Path) -> None:
    pods = [pod(f"many{number}", tmp_path) for number in range(8)]
    async with asyncio.timeout(60):
        made = await asyncio.gather(*(up(real, each, main("sleep", "1000")) for each in pods))
        assert len(await real.list_containers()) == 8
        addresses = {(await real.sandbox_status(sandbox)).ips for sandbox, _ in made}
        assert len(addresses) == 8
        await asyncio.gather(*(real.stop_sandbox(sandbox) for sandbox, _ in made))
        await asyncio.gather(*(real.remove_sandbox(sandbox) for sandbox, _ in made))
    assert await real.list_containers() == []


@pytest.mark.machine
async def test_pods_and_execs_survive_the_death_of_containerd(
    containerd: Daemon, real: ContainerdRuntime, tmp_path: Path
) -> None:
    _, container = await up(real, pod("kept", tmp_path), main("sleep", "1000"))
    session = await real.exec(container, ["cat"], stdin=True)
    keeping = asyncio.create_task(containerd.keep())
    events = real.events()
    async with asyncio.timeout(LIMIT):
        assert (await anext(events)).kind is EventKind.RELIST
        containerd.kill()
        assert (await anext(events)).kind is EventKind.RELIST
        await session.write(b"still here")
        assert await session.read_stdout() == b"still here"
        await session.close_stdin()
        assert await session.wait() == 0
        await session.close()
        assert (await real.exec_sync(container, ["echo", "alive"])).stdout == b"alive\n"
        assert (await real.container_status(container)).state is ContainerState.RUNNING
        await real.stop_container(container, 0)
        while (event := await anext(events)).kind is not EventKind.EXITED:
            pass
    assert (event.container, event.exit_code) == (container, 137)
    keeping.cancel()


@pytest.mark.machine
async def test_finds_what_serves_a_socket(containerd: Daemon, clock: Clock) -> None:
    found = await find(containerd.settings.socket, clock)
    assert isinstance(found, ContainerdRuntime)
    await found.close()


async def test_nobody_is_found_where_nobody_is(tmp_path: Path, clock: Clock) -> None:
    assert await find(str(tmp_path / "none.sock"), clock) is None
    stale = tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(stale))
    assert await find(str(stale), clock) is None


async def test_a_socket_that_does_not_answer_is_a_failure(tmp_path: Path, clock: Clock) -> None:
    path = str(tmp_path / "mute.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        with pytest.raises(RuntimeFailure, match=r"does not answer|does not speak"):
            await find(path, clock)


async def test_calls_to_a_socket_that_is_gone_are_told_as_unavailable(tmp_path: Path, clock: Clock) -> None:
    runtime = CriRuntime(str(tmp_path / "none.sock"), clock)
    with pytest.raises(Unavailable, match="is the container runtime running"):
        await runtime.version()
    await runtime.close()


@pytest.mark.parametrize(
    ("text", "number"), [("1.6.20~ds1", (1, 6)), ("v2.1.0", (2, 1)), ("1.7", (1, 7)), ("", (0, 0))]
)
def test_a_version_is_read_from_its_text(text: str, number: tuple[int, int]) -> None:
    assert version_number(text) == number


@pytest.mark.machine
def test_execs_leave_no_pipes_behind(containerd: Daemon) -> None:
    assert os.listdir(containerd.settings.pipes) == []
