"""What the fake runtime has beyond the shared suite: scripts, failures, and connections for tests."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from wherry.machinery.clock import Clock
from wherry.node.runtimes.fake import FakeRuntime, Script, from_command
from wherry.node.runtimes.interface import (
    ContainerConfig,
    ContainerState,
    EventKind,
    NamespaceMode,
    Namespaces,
    RuntimeFailure,
    SandboxConfig,
)

POD = SandboxConfig(name="a", namespace="n", uid="u")


async def running(runtime: FakeRuntime, *command: str) -> str:
    sandbox = await runtime.run_sandbox(POD)
    await runtime.pull("web")
    config = ContainerConfig(name="main", image="web", command=command)
    container = await runtime.create_container(sandbox, config, POD)
    await runtime.start_container(container)
    return container


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [(("true",), 0), (("false",), 1), (("sh", "-c", "exit 3"), 3), (("nginx",), None), ((), None)],
)
def test_a_command_says_how_it_ends(command: tuple[str, ...], exit_code: int | None) -> None:
    assert from_command(ContainerConfig(name="a", image="b", command=command)).exit_code == exit_code


async def test_a_script_is_a_function_of_the_configuration(clock: Clock) -> None:
    runtime = FakeRuntime(clock, script=lambda _: Script(exit_code=137, reason="OOMKilled"))
    events = runtime.events()
    await anext(events)
    container = await running(runtime)
    kinds = [(await anext(events)).kind for _ in range(4)]
    assert kinds == [EventKind.STARTED, EventKind.STARTED, EventKind.OOM, EventKind.EXITED]
    assert (await runtime.container_status(container)).reason == "OOMKilled"
    await events.aclose()  # type: ignore[attr-defined]  # an async generator


async def test_a_test_lets_a_container_exit_when_it_likes(clock: Clock) -> None:
    runtime = FakeRuntime(clock)
    container = await running(runtime)
    runtime.exit(container, 5)
    runtime.exit(container, 6)
    status = await runtime.container_status(container)
    assert (status.state, status.exit_code, status.reason) == (ContainerState.EXITED, 5, "Error")


async def test_lost_events_ask_for_a_list(clock: Clock) -> None:
    runtime = FakeRuntime(clock)
    events = runtime.events()
    assert (await anext(events)).kind is EventKind.RELIST
    runtime.lose_events()
    assert (await anext(events)).kind is EventKind.RELIST
    await events.aclose()  # type: ignore[attr-defined]  # an async generator


async def test_a_failure_is_raised_as_long_as_it_is_set(clock: Clock) -> None:
    runtime = FakeRuntime(clock)
    runtime.failing["pull"] = RuntimeFailure("no such registry")
    with pytest.raises(RuntimeFailure, match="no such registry"):
        await runtime.pull("web")
    del runtime.failing["pull"]
    assert await runtime.pull("web")


async def test_a_connection_has_its_other_end_in_the_test(clock: Clock) -> None:
    runtime = FakeRuntime(clock)
    runtime.listening.add(80)
    sandbox = await runtime.run_sandbox(POD)
    loop = asyncio.get_running_loop()
    with await runtime.dial(sandbox, 80) as ours:
        [(_, port, theirs)] = runtime.dialled
        with theirs:
            await loop.sock_sendall(ours, b"hello")
            assert (port, await loop.sock_recv(theirs, 100)) == (80, b"hello")


async def test_cpu_time_is_what_the_script_uses_times_the_time_it_ran(clock: Clock) -> None:
    runtime = FakeRuntime(clock, script=lambda _: Script(cpu=0.5, memory=1000))
    container = await running(runtime)
    began = (await runtime.container_status(container)).started_at
    [stats] = await runtime.stats()
    assert began is not None
    ran = (stats.timestamp - began) / timedelta(microseconds=1)
    assert stats.cpu_nanoseconds == pytest.approx(ran * 500, abs=1)
    assert stats.memory_working_set == 1000


async def test_the_network_of_the_node_gives_no_address(clock: Clock) -> None:
    runtime = FakeRuntime(clock)
    config = SandboxConfig(
        name="a", namespace="n", uid="u", namespaces=Namespaces(network=NamespaceMode.NODE)
    )
    status = await runtime.sandbox_status(await runtime.run_sandbox(config))
    assert (status.ips, status.netns) == ((), "")


async def test_a_thousand_containers_take_no_task(clock: Clock) -> None:
    runtime = FakeRuntime(clock)
    before = len(asyncio.all_tasks())
    for _ in range(1000):
        await running(runtime, "nginx")
    assert len(asyncio.all_tasks()) == before
