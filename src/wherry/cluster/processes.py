"""Processes: a cluster's components in the background: started, found again, stopped.

A record (pid and start time) in the data folder says which process is ours: a number that the system has
given to somebody else since is never touched. A component says when it is ready, or why it cannot be, over
a pipe that it inherits.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

READY_FD = "WHERRY_READY_FD"
STOP_SECONDS = 20.0


class StartFailed(Exception):
    """A component did not come up: its own words, and where its log is."""


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    started: int  # clock ticks since boot

    @property
    def alive(self) -> bool:
        return self.started != 0 and start_time(self.pid) == self.started


def start_time(pid: int) -> int:
    """When a process started, in ticks since boot; 0 where there is none, or only its remains."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    # The name may hold anything, brackets too; what follows the last one is regular.
    fields = text[text.rfind(")") + 2 :].split()
    return 0 if fields[0] in ("Z", "X") else int(fields[19])


def memory(pid: int) -> int:
    """Resident memory in MiB, shared pages counted by their share; 0 where nobody may look."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


def record(folder: Path, component: str, pid: int) -> Process:
    process = Process(pid, start_time(pid))
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{component}.json.new"
    temporary.write_text(json.dumps({"pid": process.pid, "started": process.started}))
    temporary.replace(folder / f"{component}.json")
    return process


def find(folder: Path, component: str) -> Process | None:
    """The component's process, if it still runs."""
    try:
        found = json.loads((folder / f"{component}.json").read_text())
        process = Process(int(found["pid"]), int(found["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return process if process.alive else None


def forget(folder: Path, component: str) -> None:
    (folder / f"{component}.json").unlink(missing_ok=True)


class Starting:
    """A component that was started and has not said yet that it is ready."""

    def __init__(self, component: str, process: subprocess.Popen[bytes], pipe: int, log: Path) -> None:
        self.component = component
        self.process = process
        self.pipe = pipe
        self.log = log

    def wait(self, seconds: float) -> None:
        """Return once it is ready. StartFailed with what it said where it is not."""
        said = b""
        deadline = time.monotonic() + seconds  # noqa: TID251 - a person waits
        try:
            while b"\n" not in said:
                left = deadline - time.monotonic()  # noqa: TID251 - a person waits
                ready, _, _ = select.select([self.pipe], [], [], max(left, 0))
                if not ready:
                    raise StartFailed(
                        f"the {self.component} was not ready within {seconds:.0f} s; its log is {self.log}"
                    )
                chunk = os.read(self.pipe, 4096)
                if not chunk:
                    break
                said += chunk
        finally:
            os.close(self.pipe)
        word, _, rest = said.decode(errors="replace").strip().partition(" ")
        if word != "ready":
            self.process.wait()
            raise StartFailed(rest or f"the {self.component} ended at once; its log is {self.log}")


def start(component: str, arguments: Sequence[str], run: Path, logs: Path) -> Starting:
    """Start `wherry ARGUMENTS` in the background, in a session of its own, its output in a log."""
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{component}.log"
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    # gRPC's hooks around fork only print that they have nothing to do: what is forked here is replaced.
    quiet = {"GRPC_ENABLE_FORK_SUPPORT": "0", "GRPC_VERBOSITY": "ERROR"}
    environment = {**os.environ, **quiet, READY_FD: str(writing), "PYTHONUNBUFFERED": "1"}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "wherry", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=(writing,),
            env=environment,
            cwd="/",
        )
    os.close(writing)
    record(run, component, process.pid)
    return Starting(component, process, reading, log)


def report_ready() -> None:
    """Tell whoever started this process that it does its work now."""
    _report("ready")


def report_failure(why: str) -> None:
    _report("failed " + why.replace("\n", " "))


def _report(text: str) -> None:
    number = os.environ.pop(READY_FD, "")
    if number:
        try:
            os.write(int(number), text.encode() + b"\n")
            os.close(int(number))
        except OSError:
            return  # nobody waits any more


def stop(folder: Path, component: str, seconds: float = STOP_SECONDS) -> bool:
    """End a component: politely, then not. False where it did not run."""
    process = find(folder, component)
    if process is None:
        forget(folder, component)
        return False
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:  # it has ended since
        forget(folder, component)
        return False
    try:
        # Between the look and this handle the number could have changed hands.
        if not process.alive:
            return False
        for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5.0)):
            signal.pidfd_send_signal(handle, number)
            if select.select([handle], [], [], patience)[0]:
                break
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
        forget(folder, component)
    return True
