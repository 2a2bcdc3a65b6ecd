"""Probes: what answers decide, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from wherry.api.core.container import (
    Container,
    ContainerPort,
    ExecAction,
    HTTPGetAction,
    HTTPHeader,
    Probe,
    TCPSocketAction,
)
from wherry.machinery.schema import edit
from wherry.node import checks
from wherry.node.checks import Outcome
from wherry.node.facts import Verdict
from wherry.node.probes import Prober, Subject, Tally
from wherry.node.runtimes.interface import ExecResult

LIMIT = 10.0  # seconds


def test_a_tally_needs_as_many_in_a_row_as_the_probe_says() -> None:
    tally = Tally(Probe(failureThreshold=2, successThreshold=2), None)
    assert [tally.add(good) for good in (True, False, False, True, True)] == [False, False, True, False, True]
    assert tally.value is True


class Runtime:
    """Answers commands from a list, the last one for ever."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.asked = 0

    async def exec_sync(self, container: str, command: object, limit: float = 0) -> ExecResult:
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        self.asked += 1
        return ExecResult(stdout=b"said", stderr=b"", exit_code=code)


class Clock:
    """Periods pass at once."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        self.at += 1000.0
        return self.at

    def random(self) -> float:
        return 0.0


COMMAND = Probe(exec=ExecAction(command=("check",)), failureThreshold=2, periodSeconds=1)


async def verdict_of(
    container: Container, runtime: Runtime, done: Callable[[Verdict], bool], adopted: Verdict | None = None
) -> tuple[Prober, list[str]]:
    changed = asyncio.Event()
    said: list[str] = []
    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
        prober = Prober(
            Subject(container=container, run="r", host="127.0.0.1", started_at=None),
            runtime,  # type: ignore[arg-type]  # only exec_sync is asked
            Clock(),  # type: ignore[arg-type]  # only monotonic and random are asked
            group.create_task,
            lambda type, reason, message: said.append(f"{reason}: {message}"),
            changed.set,
            adopted=adopted,
        )
        while not done(prober.verdict):
            changed.clear()
            await changed.wait()
        prober.stop()
    return prober, said


async def test_readiness_comes_with_the_first_success() -> None:
    container = Container(name="c", readinessProbe=COMMAND)
    _, said = await verdict_of(container, Runtime(1, 1, 0), lambda verdict: verdict.ready)
    assert said == ["Unhealthy: Readiness probe failed: said"] * 2


async def test_liveness_condemns_after_its_threshold() -> None:
    probe = edit(COMMAND, terminationGracePeriodSeconds=7)
    container = Container(name="c", livenessProbe=probe)
    runtime = Runtime(1)
    prober, _ = await verdict_of(container, runtime, lambda verdict: bool(verdict.failed))
    assert prober.verdict == Verdict(failed="failed liveness probe", grace=7)
    assert runtime.asked == 2


async def test_nothing_else_is_asked_before_the_startup_probe_succeeds() -> None:
    container = Container(name="c", startupProbe=edit(COMMAND, failureThreshold=10), livenessProbe=COMMAND)
    runtime = Runtime(1, 1, 1, 0, 1, 1)
    prober, said = await verdict_of(container, runtime, lambda verdict: bool(verdict.failed))
    assert prober.verdict.started
    assert said[:3] == ["Unhealthy: Startup probe failed: said"] * 3
    assert prober.verdict.failed == "failed liveness probe"


async def test_an_adopted_run_stays_ready_until_it_fails() -> None:
    container = Container(name="c", readinessProbe=COMMAND)
    adopted = Verdict(started=True, ready=True)
    prober, _ = await verdict_of(container, Runtime(1), lambda verdict: not verdict.ready, adopted)
    assert prober.verdict.started


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that gives every client the same answer; its port, and what it was asked."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who only looks whether the port is open says nothing.
        with suppress(asyncio.IncompleteReadError):
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("200 OK", Outcome.SUCCESS), ("399 Odd", Outcome.SUCCESS), ("503 Down", Outcome.FAILURE)],
)
async def test_an_http_status_decides(status: str, outcome: Outcome) -> None:
    async with answering(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nhi".encode()) as (port, heard):
        action = HTTPGetAction(path="/live", httpHeaders=(HTTPHeader(name="X-A", value="b"),))
        answer = await checks.request(action, "127.0.0.1", port, LIMIT)
    assert answer.outcome is outcome
    assert heard[0].startswith(b"GET /live HTTP/1.1\r\n")
    assert b"X-A: b\r\n" in heard[0]
    assert b"User-Agent: kube-probe/1.37\r\n" in heard[0]


async def test_a_redirect_to_another_host_is_a_warning() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://example.invalid/\r\n\r\n"
    async with answering(answer) as (port, _):
        found = await checks.request(HTTPGetAction(), "127.0.0.1", port, LIMIT)
    assert found.outcome is Outcome.WARNING


async def test_a_connection_is_enough_for_tcp() -> None:
    async with answering(b"") as (port, _):
        assert (await checks.connect(TCPSocketAction(), "127.0.0.1", port, LIMIT)).ok
    refused = await checks.connect(TCPSocketAction(), "127.0.0.1", port, LIMIT)
    assert refused.outcome is Outcome.FAILURE
    assert f"dial tcp 127.0.0.1:{port}" in refused.output


def test_ports_go_by_number_or_name() -> None:
    container = Container(name="c", ports=(ContainerPort(name="web", containerPort=8080),))
    assert checks.port_number(80, container) == 80
    assert checks.port_number("web", container) == 8080
    with pytest.raises(checks.BadPort, match="couldn't find port"):
        checks.port_number("other", container)
