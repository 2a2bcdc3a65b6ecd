"""Probes: timers that ask running containers how they are. What they find goes into a verdict per run.

A startup probe comes first and alone; once it has succeeded it is over, and the others begin. A failed
startup or liveness probe condemns the run: it is asked nothing more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from wherry.api.core.container import Container, Probe
from wherry.machinery.clock import Clock
from wherry.node import checks
from wherry.node.checks import Answer, Outcome
from wherry.node.facts import Verdict
from wherry.node.runtimes.interface import Runtime, Value

ATTEMPTS = 3  # at a check that could not be made at all

Report = Callable[[str, str, str], None]  # type, reason and message of an event
Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Tally:
    """Results in a row, and what they amount to once there are enough of them."""

    def __init__(self, probe: Probe, value: bool | None) -> None:
        self._probe = probe
        self._last: bool | None = None
        self._count = 0
        self.value = value  # None: nothing known yet

    def add(self, good: bool) -> bool:
        """Whether the value is now certain enough to count."""
        self._count = self._count + 1 if good == self._last else 1
        self._last = good
        enough = self._probe.successThreshold if good else self._probe.failureThreshold
        if self._count < enough:
            return False
        self.value = good
        return True


class Subject(Value):
    """The run that is asked."""

    container: Container
    run: str
    host: str
    started_at: datetime | None


class Prober:
    """The probes of one run."""

    def __init__(
        self,
        subject: Subject,
        runtime: Runtime,
        clock: Clock,
        spawn: Spawn,
        report: Report,
        on_change: Callable[[], None],
        *,
        adopted: Verdict | None = None,
    ) -> None:
        container = subject.container
        self.verdict = adopted or Verdict(
            started=container.startupProbe is None,
            ready=container.readinessProbe is None,
        )
        self._subject = subject
        self._runtime = runtime
        self._clock = clock
        self._report = report
        self._on_change = on_change
        self._begun = asyncio.Event()
        if self.verdict.started:
            self._begun.set()
        late = adopted is not None
        self._doomed: list[asyncio.Task[None]] = []
        self._readiness: list[asyncio.Task[None]] = []
        if container.startupProbe is not None and not self.verdict.started:
            self._doomed.append(spawn(self._start_up(container.startupProbe, late=late)))
        if container.livenessProbe is not None:
            self._doomed.append(spawn(self._stay_alive(container.livenessProbe, late=late)))
        if container.readinessProbe is not None:
            self._readiness.append(spawn(self._be_ready(container.readinessProbe, late=late)))

    def stop(self, *, readiness_too: bool = True) -> None:
        """A pod on its way out is asked only whether it is ready."""
        for task in self._doomed + (self._readiness if readiness_too else []):
            task.cancel()

    async def _start_up(self, probe: Probe, *, late: bool) -> None:
        tally = Tally(probe, None)
        async for answer in self._ask(probe, "Startup", late=late):
            if not tally.add(answer.ok):
                continue
            if tally.value:
                self._begun.set()
                self._set(started=True)
                return
            self._set(failed="failed startup probe", grace=probe.terminationGracePeriodSeconds)
            return

    async def _stay_alive(self, probe: Probe, *, late: bool) -> None:
        await self._begun.wait()
        tally = Tally(probe, True)
        async for answer in self._ask(probe, "Liveness", late=late):
            if tally.add(answer.ok) and not tally.value:
                self._set(failed="failed liveness probe", grace=probe.terminationGracePeriodSeconds)
                return

    async def _be_ready(self, probe: Probe, *, late: bool) -> None:
        await self._begun.wait()
        tally = Tally(probe, self.verdict.ready)
        async for answer in self._ask(probe, "Readiness", late=late):
            if tally.add(answer.ok):
                self._set(ready=bool(tally.value))

    def _set(self, **changes: Any) -> None:
        old = self.verdict
        kept = {"started": old.started, "ready": old.ready, "failed": old.failed, "grace": old.grace}
        self.verdict = Verdict(**{**kept, **changes})
        if self.verdict != old:
            self._on_change()

    async def _ask(self, probe: Probe, kind: str, *, late: bool) -> Any:
        """Answers, one a period, for as long as somebody wants them."""
        period = max(probe.periodSeconds, 1)
        await asyncio.sleep(self._first_wait(probe, period, late=late))
        due = self._clock.monotonic()
        while True:
            answer = await self._attempt(probe)
            if answer.outcome is Outcome.FAILURE:
                self._report("Warning", "Unhealthy", f"{kind} probe failed: {answer.output}")
            elif answer.outcome is Outcome.UNKNOWN:
                self._report("Warning", "Unhealthy", f"{kind} probe errored: {answer.output}")
            elif answer.outcome is Outcome.WARNING:
                self._report("Warning", "ProbeWarning", f"{kind} probe warning: {answer.output}")
            if answer.outcome is not Outcome.UNKNOWN:
                yield answer
            due = max(due + period, self._clock.monotonic())
            await asyncio.sleep(due - self._clock.monotonic())

    def _first_wait(self, probe: Probe, period: int, *, late: bool) -> float:
        """After a restart of the agent, the probes of all pods at once would be a burst."""
        if late:
            return period * self._clock.random()
        if self._subject.started_at is None or not probe.initialDelaySeconds:
            return 0.0
        age = (self._clock.now() - self._subject.started_at).total_seconds()
        return max(probe.initialDelaySeconds - age, 0.0)

    async def _attempt(self, probe: Probe) -> Answer:
        for _ in range(ATTEMPTS - 1):
            answer = await self._once(probe)
            if answer.outcome is not Outcome.UNKNOWN:
                return answer
        return await self._once(probe)

    async def _once(self, probe: Probe) -> Answer:
        subject, limit = self._subject, float(max(probe.timeoutSeconds, 1))
        try:
            if probe.exec is not None:
                return await checks.run_command(self._runtime, subject.run, probe.exec.command, limit)
            if probe.httpGet is not None:
                port = checks.port_number(probe.httpGet.port, subject.container)
                return await checks.request(probe.httpGet, subject.host, port, limit)
            if probe.tcpSocket is not None:
                port = checks.port_number(probe.tcpSocket.port, subject.container)
                return await checks.connect(probe.tcpSocket, subject.host, port, limit)
            if probe.grpc is not None:
                return await checks.call_grpc(probe.grpc, subject.host, limit)
        except checks.BadPort as error:
            return Answer(outcome=Outcome.UNKNOWN, output=str(error))
        return Answer(outcome=Outcome.SUCCESS)
