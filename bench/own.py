"""own: a wherry control plane to measure: started in a folder of its own, watched, and ended."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.load import Target
from bench.rows import Row

IDLE_SECONDS = 30.0
SETTLE_SECONDS = 10.0  # until what starting left to do is done
STARTS = 5


class Own:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="wherry-bench-"))
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.starts: list[float] = []

    def __enter__(self) -> Own:
        for number in range(STARTS):
            if number:
                self._stop()
            self._start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop()
        shutil.rmtree(self.folder)

    @property
    def target(self) -> Target:
        return _target(self.folder, self.port)

    @property
    def _pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def _start(self) -> None:
        """Start it and wait until /readyz says ok."""
        command = [sys.executable, "-m", "wherry", "server"]
        options = ["--data-dir", str(self.folder), "--port", str(self.port), "--host", "127.0.0.1"]
        log = (self.folder / "log").open("ab")
        # Bytecode is kept, as on any machine, also where the environment of a build says otherwise.
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        began = time.perf_counter()
        self.process = subprocess.Popen([*command, *options], stdout=log, stderr=log, env=environment)
        log.close()
        while not self._ready():
            if self.process.poll() is not None:
                raise SystemExit(f"the control plane ended: {(self.folder / 'log').read_text()}")
            time.sleep(0.005)
        self.starts.append(time.perf_counter() - began)

    def _ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as raw:
                unchecked = ssl.create_default_context()
                unchecked.check_hostname = False
                unchecked.verify_mode = ssl.CERT_NONE
                with unchecked.wrap_socket(raw) as secure:
                    secure.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    return b" 200 " in secure.recv(4096)
        except OSError:
            return False

    def _stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(20)

    def start_rows(self) -> list[Row]:
        """What it costs to start and to do nothing. The first start makes keys and an empty store."""
        time.sleep(SETTLE_SECONDS)
        before = _ticks(self._pid)
        time.sleep(IDLE_SECONDS)
        spent = (_ticks(self._pid) - before) / os.sysconf("SC_CLK_TCK")
        rows = [
            Row("process start to /readyz, first", self.starts[0], "s", "less"),
            Row("process start to /readyz, median", statistics.median(self.starts[1:]), "s", "less"),
            Row("idle memory", _memory(self._pid), "MB", "less"),
            Row("idle CPU", 100 * spent / IDLE_SECONDS, "% of a core", "less"),
        ]
        for row in rows:
            print(f"    {row.name:<36} {row.value:>12,.2f} {row.unit}", file=sys.stderr)
        return rows

    def end_rows(self) -> list[Row]:
        return [Row("memory after the run", _memory(self._pid), "MB", "less")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OwnNode:
    """A whole cluster with a node, brought up by `wherry up`: needs root and a container runtime."""

    NAME = "bench"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="wb-"))
        self.port = _free_port()
        self.seconds = 0.0

    def __enter__(self) -> OwnNode:
        self._wherry("up", "--port", str(self.port), "--example")
        # The example's images are there now: what is measured is a cluster, not the making of images.
        self._wherry("down")
        began = time.perf_counter()
        self._wherry("up", "--port", str(self.port))
        self.seconds = time.perf_counter() - began
        return self

    def __exit__(self, *_: Any) -> None:
        self._wherry("down", "--purge")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wherry(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "wherry", *arguments, "--name", self.NAME]
        environment = {**os.environ, "KUBECONFIG": str(self.folder / "kubeconfig")}
        subprocess.run(
            [*command, "--data-dir", str(self.folder / "c")], check=True, env=environment, capture_output=True
        )

    @property
    def target(self) -> Target:
        return _target(self.folder / "c", self.port)

    def rows(self) -> list[Row]:
        """What up took, and what it costs to have a node that does nothing."""
        time.sleep(SETTLE_SECONDS)
        pids = [json.loads(path.read_text())["pid"] for path in (self.folder / "c" / "run").glob("*.json")]
        before = sum(map(_ticks, pids))
        time.sleep(IDLE_SECONDS)
        spent = (sum(map(_ticks, pids)) - before) / os.sysconf("SC_CLK_TCK")
        memory = sum(map(_memory, pids))
        return [
            Row("wherry up to node Ready", self.seconds, "s", "less"),
            Row("idle CPU with a node", 100 * spent / IDLE_SECONDS, "% of a core", "less"),
            Row("idle memory with a node", memory, "MB", "less"),
        ]


def _target(folder: Path, port: int) -> Target:
    tls = ssl.create_default_context(cafile=str(folder / "pki" / "ca.crt"))
    tls.load_cert_chain(folder / "pki" / "admin.crt", folder / "pki" / "admin.key")
    return Target(f"https://127.0.0.1:{port}", tls=tls)


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12])


def _memory(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    pss = next(line for line in text.splitlines() if line.startswith("Pss:"))
    return int(pss.split()[1]) / 1024
