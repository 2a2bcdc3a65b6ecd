"""A component in the background: it says when it is ready, is found again, and nobody else is touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wherry.cluster import processes
from wherry.cluster.processes import Process, StartFailed, Starting

# What stands in for `wherry VERB`: each says over the pipe what a component would.
PROGRAMS = {
    "good": "import wherry.cluster.processes as p, signal; p.report_ready(); signal.pause()",
    "bad": "import wherry.cluster.processes as p; p.report_failure('the moon\\nis full')",
    "mute": "pass",
    "slow": "import signal; signal.pause()",
    "deaf": "import wherry.cluster.processes as p, signal; signal.signal(15, signal.SIG_IGN); "
    "p.report_ready(); signal.pause()",
}


class Folder:
    def __init__(self, path: Path) -> None:
        self.run, self.logs = path / "run", path / "logs"
        self.started: list[Starting] = []

    def start(self, program: str, monkeypatch: pytest.MonkeyPatch) -> Starting:
        real = subprocess.Popen

        def stand_in(command: list[str], **options: object) -> subprocess.Popen[bytes]:
            assert command[1:3] == ["-m", "wherry"]
            return real([sys.executable, "-c", PROGRAMS[command[3]]], **options)  # type: ignore[call-overload, no-any-return]  # what start() gave

        monkeypatch.setattr(subprocess, "Popen", stand_in)
        made = processes.start("thing", [program], self.run, self.logs)
        self.started.append(made)
        return made


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    for each in made.started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.wait()


def test_a_component_that_is_ready_is_found_again(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    started = folder.start("good", monkeypatch)
    started.wait(30)
    found = processes.find(folder.run, "thing")
    assert found is not None
    assert found.pid == started.process.pid
    assert found.alive
    assert os.getsid(found.pid) == found.pid, "it does not end with the terminal"


def test_a_component_that_fails_is_quoted_in_one_line(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StartFailed, match=r"^the moon is full$"):
        folder.start("bad", monkeypatch).wait(30)
    assert processes.find(folder.run, "thing") is None


def test_of_a_component_that_ends_without_a_word_the_log_is_named(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StartFailed, match=r"the thing ended at once; its log is .*thing\.log"):
        folder.start("mute", monkeypatch).wait(30)


def test_a_component_that_takes_too_long_is_not_waited_for(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StartFailed, match="the thing was not ready within 0 s"):
        folder.start("slow", monkeypatch).wait(0.01)


def test_stopping_ends_it_and_forgets_it(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    started = folder.start("good", monkeypatch)
    started.wait(30)
    assert processes.stop(folder.run, "thing")
    assert started.process.wait() == -signal.SIGTERM
    assert not processes.stop(folder.run, "thing")
    assert not list(folder.run.iterdir())


def test_what_does_not_listen_is_killed(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    started = folder.start("deaf", monkeypatch)
    started.wait(30)
    assert processes.stop(folder.run, "thing", seconds=0.05)
    assert started.process.wait() == -signal.SIGKILL


def test_a_number_that_belongs_to_somebody_else_by_now_is_left_alone(folder: Folder) -> None:
    other = subprocess.Popen([sys.executable, "-c", PROGRAMS["slow"]])
    try:
        recorded = processes.record(folder.run, "thing", other.pid)
        stale = {"pid": other.pid, "started": recorded.started - 1}
        (folder.run / "thing.json").write_text(json.dumps(stale))
        assert processes.find(folder.run, "thing") is None
        assert not processes.stop(folder.run, "thing")
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_process_that_had_ended_when_it_was_recorded_does_not_run(folder: Folder) -> None:
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    assert not processes.record(folder.run, "thing", gone.pid).alive
    assert processes.find(folder.run, "thing") is None
    assert not processes.stop(folder.run, "thing")


@pytest.mark.parametrize("text", ["", "{", "{}", '{"pid": "x", "started": 1}', "[]"])
def test_a_record_that_cannot_be_read_is_of_nobody(folder: Folder, text: str) -> None:
    folder.run.mkdir()
    (folder.run / "thing.json").write_text(text)
    assert processes.find(folder.run, "thing") is None


def test_start_time_and_memory_are_of_living_processes() -> None:
    assert processes.start_time(os.getpid()) > 0
    assert processes.memory(os.getpid()) > 0
    assert processes.start_time(2**22 + 1) == processes.memory(2**22 + 1) == 0
    assert not Process(2**22 + 1, 5).alive
