"""What every container runtime does: one suite over all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from wherry.node.runtimes import images
from wherry.node.runtimes.interface import (
    ContainerConfig,
    ContainerState,
    Event,
    EventKind,
    NotFound,
    Resources,
    Runtime,
    RuntimeFailure,
    SandboxConfig,
    SandboxState,
    TimedOut,
)

LIMIT = 20.0  # seconds that anything may take on a busy machine
FOREVER = ("sh", "-c", "trap 'exit 143' TERM; sleep 1000 & wait")


@pytest.fixture
def pod(request: pytest.FixtureRequest) -> SandboxConfig:
    name = request.node.name.split("[")[0].replace("_", "-")[:40]
    return SandboxConfig(
        name=name,
        namespace="default",
        uid=f"{name}-uid",
        hostname="box",
        cgroup_parent=f"/wherrytest/{name}",
        labels={"app": "web"},
        annotations={"note": "kept"},
    )


async def started(
    runtime: Runtime, pod: SandboxConfig, command: Sequence[str] = FOREVER, **more: Any
) -> tuple[str, str]:
    """Ids of a sandbox and of a container that was started in it."""
    sandbox = await runtime.run_sandbox(pod)
    config = ContainerConfig(name="main", image=images.BUSYBOX, command=tuple(command), **more)
    container = await runtime.create_container(sandbox, config, pod)
    await runtime.start_container(container)
    return sandbox, container


async def everything(read: Callable[[], Awaitable[bytes]]) -> bytes:
    data = b""
    while piece := await read():
        data += piece
    return data


async def exits(runtime: Runtime, container: str) -> Event:
    """Wait for the exit of a container by events alone; the list after RELIST covers what was before."""
    async with asyncio.timeout(LIMIT), aclosing(runtime.events()) as events:  # type: ignore[type-var]  # both are generators
        async for event in events:
            if event.kind is EventKind.RELIST:
                status = await runtime.container_status(container)
                if status.state is ContainerState.EXITED:
                    return Event(kind=EventKind.EXITED, container=container, exit_code=status.exit_code)
            if event.kind is EventKind.EXITED and event.container == container:
                return event
    raise AssertionError("events ended")


async def test_says_who_it_is_and_that_it_is_ready(runtime: Runtime) -> None:
    assert (await runtime.version()).name in ("fake", "containerd")
    status = await runtime.status()
    assert status.ready
    assert status.network_ready, status.message
    assert status.cgroup_driver in ("cgroupfs", "systemd")


async def test_a_sandbox_has_an_address_until_it_is_stopped(runtime: Runtime, pod: SandboxConfig) -> None:
    sandbox = await runtime.run_sandbox(pod)
    status = await runtime.sandbox_status(sandbox)
    assert (status.name, status.namespace, status.uid) == (pod.name, pod.namespace, pod.uid)
    assert status.labels == pod.labels
    assert status.annotations == pod.annotations
    assert status.state is SandboxState.READY
    assert status.created_at is not None
    assert len(status.ips) == 1
    assert status.netns
    await runtime.stop_sandbox(sandbox)
    assert (await runtime.sandbox_status(sandbox)).state is SandboxState.NOT_READY
    assert [each.id for each in await runtime.list_sandboxes()] == [sandbox]


async def test_two_sandboxes_have_different_addresses(runtime: Runtime, pod: SandboxConfig) -> None:
    other = SandboxConfig(name="other", namespace="default", uid="other-uid", hostname="other")
    ids = await asyncio.gather(runtime.run_sandbox(pod), runtime.run_sandbox(other))
    statuses = [await runtime.sandbox_status(sandbox) for sandbox in ids]
    assert statuses[0].ips != statuses[1].ips


async def test_removing_a_sandbox_removes_its_containers(runtime: Runtime, pod: SandboxConfig) -> None:
    sandbox, container = await started(runtime, pod)
    await runtime.stop_sandbox(sandbox)
    await runtime.remove_sandbox(sandbox)
    assert await runtime.list_sandboxes() == []
    assert await runtime.list_containers() == []
    with pytest.raises(NotFound):
        await runtime.sandbox_status(sandbox)
    with pytest.raises(NotFound):
        await runtime.container_status(container)


async def test_stopping_and_removing_twice_is_no_failure(runtime: Runtime, pod: SandboxConfig) -> None:
    sandbox, container = await started(runtime, pod)
    for _ in range(2):
        await runtime.stop_container(container, 0)
        await runtime.remove_container(container)
        await runtime.stop_sandbox(sandbox)
        await runtime.remove_sandbox(sandbox)


async def test_a_container_goes_from_created_to_running_to_exited(
    runtime: Runtime, pod: SandboxConfig
) -> None:
    sandbox = await runtime.run_sandbox(pod)
    config = ContainerConfig(name="main", attempt=2, image=images.BUSYBOX, command=FOREVER, labels={"a": "b"})
    container = await runtime.create_container(sandbox, config, pod)
    created = await runtime.container_status(container)
    assert created.state is ContainerState.CREATED
    assert (created.name, created.attempt, created.labels) == ("main", 2, {"a": "b"})
    await runtime.start_container(container)
    running = await runtime.container_status(container)
    assert running.state is ContainerState.RUNNING
    assert running.started_at is not None
    assert running.pid > 0
    await runtime.stop_container(container, 10)
    stopped = await runtime.container_status(container)
    assert stopped.state is ContainerState.EXITED
    assert stopped.exit_code == 143
    assert stopped.finished_at is not None
    assert stopped.finished_at >= running.started_at


@pytest.mark.parametrize(
    ("command", "exit_code", "reason"),
    [(("true",), 0, "Completed"), (("false",), 1, "Error"), (("sh", "-c", "exit 42"), 42, "Error")],
)
async def test_an_exit_code_is_told_with_its_reason(
    runtime: Runtime, pod: SandboxConfig, command: tuple[str, ...], exit_code: int, reason: str
) -> None:
    _, container = await started(runtime, pod, command)
    event = await exits(runtime, container)
    assert event.exit_code == exit_code
    status = await runtime.container_status(container)
    assert (status.state, status.exit_code, status.reason) == (ContainerState.EXITED, exit_code, reason)


async def test_what_ignores_the_stop_signal_is_killed(runtime: Runtime, pod: SandboxConfig) -> None:
    _, container = await started(runtime, pod, ("sleep", "1000"))
    # By then it is the command that runs, not any more what started it, which does not ignore signals.
    await runtime.exec_sync(container, ("true",), 5)
    await runtime.stop_container(container, 1)
    assert (await runtime.container_status(container)).exit_code == 137


async def test_lists_containers_of_one_sandbox_or_of_all(runtime: Runtime, pod: SandboxConfig) -> None:
    sandbox, container = await started(runtime, pod)
    listed = await runtime.list_containers()
    assert [(each.id, each.sandbox, each.name, each.state) for each in listed] == [
        (container, sandbox, "main", ContainerState.RUNNING)
    ]
    assert len(await runtime.list_containers(sandbox)) == 1
    assert await runtime.list_containers("0" * 64) == []


async def test_an_image_that_is_not_there_stops_creation(runtime: Runtime, pod: SandboxConfig) -> None:
    sandbox = await runtime.run_sandbox(pod)
    config = ContainerConfig(name="main", image="localhost/no/such:1")
    with pytest.raises(RuntimeFailure):
        await runtime.create_container(sandbox, config, pod)


async def test_events_begin_with_relist_and_follow_a_container(runtime: Runtime, pod: SandboxConfig) -> None:
    seen: list[Event] = []

    async def follow(ready: asyncio.Event) -> None:
        async for event in runtime.events():
            seen.append(event)
            ready.set()
            if event.kind is EventKind.EXITED:
                return

    ready = asyncio.Event()
    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
        group.create_task(follow(ready))
        await ready.wait()
        sandbox, container = await started(runtime, pod, ("sh", "-c", "exit 3"))
    kinds = [(event.kind, event.container) for event in seen]
    assert kinds == [
        (EventKind.RELIST, ""),
        (EventKind.STARTED, sandbox),
        (EventKind.STARTED, container),
        (EventKind.EXITED, container),
    ]
    assert seen[-1].exit_code == 3
    assert seen[-1].at is not None


async def test_status_tells_of_an_exit_no_later_than_its_event(runtime: Runtime, pod: SandboxConfig) -> None:
    _, container = await started(runtime, pod, ("true",))
    await exits(runtime, container)
    assert (await runtime.container_status(container)).state is ContainerState.EXITED


async def test_exec_sync_separates_the_outputs_and_tells_the_code(
    runtime: Runtime, pod: SandboxConfig
) -> None:
    _, container = await started(runtime, pod)
    result = await runtime.exec_sync(container, ["sh", "-c", "echo out; echo err >&2; exit 3"], 10)
    assert (result.stdout, result.stderr, result.exit_code) == (b"out\n", b"err\n", 3)


async def test_exec_sync_gives_up_after_its_limit(runtime: Runtime, pod: SandboxConfig) -> None:
    _, container = await started(runtime, pod)
    with pytest.raises(TimedOut):
        await runtime.exec_sync(container, ["sleep", "1000"], 1)


async def test_exec_ends_when_its_input_does(runtime: Runtime, pod: SandboxConfig) -> None:
    _, container = await started(runtime, pod)
    session = await runtime.exec(container, ["wc", "-c"], stdin=True)
    async with asyncio.timeout(LIMIT):
        for _ in range(10):
            await session.write(b"x" * 30_000)
        await session.close_stdin()
        assert await everything(session.read_stdout) == b"300000\n"
        assert await session.wait() == 0
    await session.close()


async def test_exec_answers_while_its_input_is_open(runtime: Runtime, pod: SandboxConfig) -> None:
    _, container = await started(runtime, pod)
    session = await runtime.exec(container, ["cat"], stdin=True)
    async with asyncio.timeout(LIMIT):
        for word in (b"one", b"two"):
            await session.write(word)
            assert await session.read_stdout() == word
        await session.close_stdin()
        assert await session.read_stdout() == b""
        assert await session.read_stderr() == b""
        assert await session.wait() == 0
    await session.close()


async def test_exec_without_input_sees_its_end_at_once(runtime: Runtime, pod: SandboxConfig) -> None:
    _, container = await started(runtime, pod)
    session = await runtime.exec(container, ["cat"])
    async with asyncio.timeout(LIMIT):
        assert await session.wait() == 0
    await session.close()


async def test_exec_with_a_terminal_has_one_output_and_a_size(runtime: Runtime, pod: SandboxConfig) -> None:
    _, container = await started(runtime, pod)
    session = await runtime.exec(container, ["cat"], tty=True, stdin=True)
    await session.resize(100, 40)
    assert await session.read_stderr() == b""
    await session.close()


async def test_closing_a_session_kills_what_it_began(runtime: Runtime, pod: SandboxConfig) -> None:
    _, container = await started(runtime, pod)
    session = await runtime.exec(container, ["sleep", "1000"])
    async with asyncio.timeout(LIMIT):
        await session.close()
        assert await session.wait() == 137
    assert (await runtime.container_status(container)).state is ContainerState.RUNNING


async def test_exec_of_a_missing_program_fails(runtime: Runtime, pod: SandboxConfig) -> None:
    _, container = await started(runtime, pod)
    with pytest.raises(RuntimeFailure, match="executable file not found"):
        await runtime.exec(container, ["no-such-program"])


async def test_exec_in_a_missing_container_fails(runtime: Runtime) -> None:
    with pytest.raises(NotFound):
        await runtime.exec("0" * 64, ["true"])


async def test_attach_reaches_the_input_of_the_container(runtime: Runtime, pod: SandboxConfig) -> None:
    _, container = await started(runtime, pod, ("cat",), stdin=True, stdin_once=True)
    session = await runtime.attach(container, stdin=True)
    async with asyncio.timeout(LIMIT):
        await session.write(b"hello\n")
        assert await session.read_stdout() == b"hello\n"
        await session.close_stdin()
        assert await session.read_stdout() == b""
        assert await session.wait() == 0
        assert (await exits(runtime, container)).exit_code == 0
    await session.close()


async def test_nobody_listening_refuses_a_dial(runtime: Runtime, pod: SandboxConfig) -> None:
    sandbox, _ = await started(runtime, pod)
    with pytest.raises(ConnectionRefusedError):
        await runtime.dial(sandbox, 9)


async def test_stats_are_of_running_containers(runtime: Runtime, pod: SandboxConfig) -> None:
    sandbox, container = await started(runtime, pod)
    assert [each.id for each in await runtime.stats(sandbox)] == [container]
    assert [each.name for each in await runtime.stats()] == ["main"]
    await runtime.stop_container(container, 0)
    assert await runtime.stats(sandbox) == []


async def test_resources_can_be_changed_while_it_runs(runtime: Runtime, pod: SandboxConfig) -> None:
    _, container = await started(runtime, pod, resources=Resources(memory_limit=64 << 20))
    await runtime.update_resources(container, Resources(memory_limit=128 << 20))
    seen = (await runtime.container_status(container)).resources
    assert seen is not None
    assert seen.memory_limit == 128 << 20


async def test_images_are_listed_by_their_full_names(runtime: Runtime) -> None:
    assert images.BUSYBOX in [tag for image in await runtime.list_images() for tag in image.tags]
    assert await runtime.image_status("localhost/no/such:1") is None
    assert len(await runtime.image_filesystems()) == 1


async def test_an_image_can_be_loaded_and_removed(runtime: Runtime, tmp_path: Path) -> None:
    archive, name = str(tmp_path / "image.tar"), "docker.io/library/small:latest"
    images.write_image(archive, "small", {"hello": images.File(content=b"hello")})
    for _ in range(2):  # loading again changes nothing
        assert await runtime.load(archive) == [name]
        found = await runtime.image_status("small")
        assert found is not None
        assert name in found.tags
    await runtime.remove_image(name)
    assert await runtime.image_status(name) is None
    await runtime.remove_image(name)
