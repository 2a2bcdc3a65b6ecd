"""A Pod as a row: the one word for how it is doing, by upstream's rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from wherry.api.core.pod import Pod
from wherry.api.core.podcolumns import COLUMNS, summary

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
RUNNING = {"running": {"startedAt": "2026-01-01T11:00:00Z"}}
DONE = {"terminated": {"exitCode": 0, "reason": "Completed"}}
FAILED = {"terminated": {"exitCode": 3, "reason": "Error"}}
READY = {"type": "Ready", "status": "True"}


def status(state: Any, *, ready: bool = False, restarts: int = 0, name: str = "c", **more: Any) -> Any:
    return {"name": name, "ready": ready, "restartCount": restarts, "state": state, **more}


def pod(phase: str = "Running", *containers: Any, init: Any = (), spec: Any = None, **more: Any) -> Pod:
    tree = {
        "metadata": {"name": "p", **more.pop("metadata", {})},
        "spec": {"containers": [{"name": "c"} for _ in containers or (1,)], **(spec or {})},
        "status": {
            "phase": phase,
            "containerStatuses": list(containers),
            "initContainerStatuses": list(init),
            **more,
        },
    }
    return msgspec.convert(tree, Pod)


def inits(*policies: str) -> dict[str, Any]:
    return {"initContainers": [{"name": f"i{at}", "restartPolicy": p} for at, p in enumerate(policies)]}


CASES = [
    (pod("Pending"), "Pending", "0/1"),
    (pod("Pending", reason="Evicted"), "Evicted", "0/1"),
    (
        pod("Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]),
        "SchedulingGated",
        "0/1",
    ),
    (pod("Running", status(RUNNING, ready=True)), "Running", "1/1"),
    (pod("Running", status(RUNNING)), "Running", "0/1"),
    (pod("Pending", status({"waiting": {"reason": "ImagePullBackOff"}})), "ImagePullBackOff", "0/1"),
    (pod("Running", status(FAILED)), "Error", "0/1"),
    (pod("Failed", status({"terminated": {"exitCode": 137, "signal": 9}})), "Signal:9", "0/1"),
    (pod("Failed", status({"terminated": {"exitCode": 7}})), "ExitCode:7", "0/1"),
    (pod("Succeeded", status(DONE)), "Completed", "0/1"),
    (pod("Running", status(RUNNING, ready=True), status(DONE), conditions=[READY]), "Running", "1/2"),
    (pod("Running", status(DONE), status(RUNNING, ready=True), conditions=[READY]), "Running", "1/2"),
    (pod("Running", status(DONE), status(RUNNING, ready=True)), "NotReady", "1/2"),
    (pod("Running", status(DONE), status(FAILED), status(RUNNING, ready=True)), "Error", "1/3"),
    (
        pod("Pending", init=[status({"waiting": {"reason": "PodInitializing"}}, name="i0")], spec=inits("")),
        "Init:0/1",
        "0/1",
    ),
    (
        pod(
            "Pending",
            init=[status(DONE, name="i0"), status(RUNNING, name="i1")],
            spec=inits("", ""),
        ),
        "Init:1/2",
        "0/1",
    ),
    (pod("Pending", init=[status(FAILED, name="i0")], spec=inits("")), "Init:Error", "0/1"),
    (
        pod("Pending", init=[status({"terminated": {"exitCode": 2}}, name="i0")], spec=inits("")),
        "Init:ExitCode:2",
        "0/1",
    ),
    (
        pod(
            "Pending", init=[status({"terminated": {"exitCode": 2, "signal": 9}}, name="i0")], spec=inits("")
        ),
        "Init:Signal:9",
        "0/1",
    ),
    (
        pod("Pending", init=[status({"waiting": {"reason": "CrashLoopBackOff"}}, name="i0")], spec=inits("")),
        "Init:CrashLoopBackOff",
        "0/1",
    ),
    (
        pod(
            "Running",
            status(RUNNING, ready=True),
            init=[status(RUNNING, ready=True, name="i0", started=True)],
            spec=inits("Always"),
        ),
        "Running",
        "2/2",
    ),
    (
        pod("Running", status(RUNNING, ready=True), metadata={"deletionTimestamp": "2026-01-01T11:59:00Z"}),
        "Terminating",
        "1/1",
    ),
    (
        pod("Succeeded", status(DONE), metadata={"deletionTimestamp": "2026-01-01T11:59:00Z"}),
        "Completed",
        "0/1",
    ),
    (
        pod("Running", reason="NodeLost", metadata={"deletionTimestamp": "2026-01-01T11:59:00Z"}),
        "Unknown",
        "0/1",
    ),
]


@pytest.mark.parametrize(("found", "word", "ready"), CASES, ids=lambda value: str(value)[:40])
def test_word_and_ready_count(found: Pod, word: str, ready: str) -> None:
    shown = summary(found)
    assert (shown.status, f"{shown.ready}/{shown.total}") == (word, ready)


def test_a_whole_row() -> None:
    found = pod(
        "Running",
        status(
            RUNNING,
            ready=True,
            restarts=2,
            lastState={"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T11:55:00Z"}},
        ),
        spec={"nodeName": "n1", "readinessGates": [{"conditionType": "a"}, {"conditionType": "b"}]},
        conditions=[{"type": "a", "status": "True"}],
        podIPs=[{"ip": "10.1.0.3"}],
        nominatedNodeName="n2",
        metadata={"creationTimestamp": "2026-01-01T10:00:00Z"},
    )
    assert [column.name for column in COLUMNS] == [
        *("Name", "Ready", "Status", "Restarts", "Age"),
        *("IP", "Node", "Nominated Node", "Readiness Gates"),
    ]
    assert [column.cell(found, NOW) for column in COLUMNS] == [
        *("p", "1/1", "Running", "2 (5m ago)", "120m"),
        *("10.1.0.3", "n1", "n2", "1/2"),
    ]
    assert [column.priority for column in COLUMNS] == [0, 0, 0, 0, 0, 1, 1, 1, 1]


def test_restarts_of_init_containers_count_only_while_they_run() -> None:
    init = [status(DONE, restarts=4, name="i0")]
    assert summary(pod("Pending", init=init, spec=inits(""), conditions=[])).restarts.number == 0
    waiting = [status({"waiting": {"reason": "CrashLoopBackOff"}}, restarts=4, name="i0")]
    assert summary(pod("Pending", init=waiting, spec=inits(""))).restarts.number == 4
