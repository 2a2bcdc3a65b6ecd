"""Daemon: a containerd of our own, below one folder: found again, started, kept alive, taken down.

It outlives whoever started it, as its containers outlive it: shims hold them, and a new containerd
finds the shims again.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import shutil
import signal
import subprocess

from wherry.machinery.clock import Clock
from wherry.node.runtimes import processes
from wherry.node.runtimes.containerd import OLDEST, ContainerdRuntime, version_number
from wherry.node.runtimes.interface import RuntimeFailure, Unavailable
from wherry.node.runtimes.processes import Process
from wherry.node.runtimes.settings import Settings, config_text, detect

LONGEST_SOCKET = 107 - len(".ttrpc")  # bytes of a unix socket's path
START_LIMIT = 20.0  # seconds until containerd serves
STOP_LIMIT = 5.0  # seconds until it has ended
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0  # seconds between restarts; doubles while it keeps dying
SETTLED = 10.0  # seconds of life after which a death counts as the first again
MNT_DETACH = 2

log = logging.getLogger(__name__)


class Daemon:
    """The containerd of one node. One agent at a time looks after a folder."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._process: Process | None = None

    async def start(self) -> ContainerdRuntime:
        """Start it, or find the one that runs from before; returns when it serves."""
        settings = self.settings
        if len(settings.socket.encode()) > LONGEST_SOCKET:
            raise RuntimeFailure(f"{settings.folder} is too long for a socket's path; choose a shorter one")
        self._process = processes.load(settings.pid_file)
        if self._process is None:
            self._check_binary()
            self._prepare()
            self._spawn()
        else:
            log.info("containerd found running", extra={"pid": self._process.pid, "folder": settings.folder})
        runtime = ContainerdRuntime(settings.socket, self.clock, settings.pipes)
        try:
            await self._serves(runtime)
        except BaseException:
            await runtime.close()
            raise
        return runtime

    async def keep(self) -> None:
        """Start it again whenever it dies, for ever."""
        deaths = 0
        while self._process is not None:
            began = self.clock.monotonic()
            await self._process.ended()
            deaths = 0 if self.clock.monotonic() - began > SETTLED else deaths + 1
            pause = min(FIRST_PAUSE * 2 ** max(deaths - 1, 0), LONGEST_PAUSE)
            log.warning(
                "containerd died and is started again", extra={"pid": self._process.pid, "pause": pause}
            )
            await asyncio.sleep(pause)
            self._spawn()

    def kill(self) -> None:
        """End the daemon alone, as a crash would: its containers go on."""
        if self._process is not None:
            self._process.send(signal.SIGKILL)

    async def stop(self) -> None:
        """End it and all it runs: pods, shims, mounts and network namespaces. Images stay on disk."""
        process = self._process or processes.load(self.settings.pid_file)
        if process is not None:
            with contextlib.suppress(RuntimeFailure):
                await self._remove_pods()
            await process.end(STOP_LIMIT)
        self._process = None
        await self._end_shims()
        unmount_below(self.settings.folder)
        for path in (self.settings.state, self.settings.pipes):
            shutil.rmtree(path, ignore_errors=True)
        for path in (self.settings.pid_file, self.settings.socket, f"{self.settings.socket}.ttrpc"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def _check_binary(self) -> None:
        binary = self.settings.binary
        if shutil.which(binary) is None:
            raise RuntimeFailure(
                f"there is no program {binary}; install containerd and runc, for example with: "
                "apt install containerd runc, or name the socket of a runtime that runs already"
            )
        words = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
        version = words.split()[2] if len(words.split()) > 2 else "of unknown version"
        if version_number(version) < OLDEST:
            raise RuntimeFailure(f"{binary} is {version}; 1.6 or newer is needed: upgrade it")
        if shutil.which("runc") is None:
            raise RuntimeFailure("there is no program runc; install it, for example with: apt install runc")

    def _prepare(self) -> None:
        settings = self.settings
        os.makedirs(settings.folder, mode=0o711, exist_ok=True)
        for path in (settings.root, settings.state, settings.pipes, settings.cni_conf_dir, settings.certs):
            os.makedirs(path, exist_ok=True)
        text = config_text(settings, detect(settings.folder))
        with open(settings.config, "w") as file:
            file.write(text)

    def _spawn(self) -> None:
        command = [self.settings.binary, "--config", self.settings.config]
        environment = {"PATH": os.environ.get("PATH", os.defpath)}
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"):
            if name in os.environ:
                environment[name] = os.environ[name]
        self._process = processes.start(command, environment, self.settings.log)
        self._process.save(self.settings.pid_file)
        log.info("containerd started", extra={"pid": self._process.pid, "folder": self.settings.folder})

    async def _serves(self, runtime: ContainerdRuntime) -> None:
        """Wait until it answers; a failure with the end of its log if it dies first, or never does."""
        process = self._process
        assert process is not None, "asked whether a daemon serves that was never started"
        try:
            async with asyncio.timeout(START_LIMIT):
                while process.runs():
                    with contextlib.suppress(Unavailable):
                        await runtime.version()
                        return
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise RuntimeFailure(
                f"containerd does not answer on {self.settings.socket} after {START_LIMIT:g} s; "
                f"the end of {self.settings.log}: {self._log_end()}"
            ) from None
        raise RuntimeFailure(
            f"containerd ended when it was started; the end of {self.settings.log}: {self._log_end()}"
        )

    def _log_end(self) -> str:
        with open(self.settings.log, errors="replace") as file:
            return "\n".join(file.read().splitlines()[-5:])

    async def _remove_pods(self) -> None:
        runtime = ContainerdRuntime(self.settings.socket, self.clock)
        try:
            sandboxes = await runtime.list_sandboxes()
            async with asyncio.TaskGroup() as group:
                for sandbox in sandboxes:
                    group.create_task(_remove(runtime, sandbox.id))
        finally:
            await runtime.close()

    async def _end_shims(self) -> None:
        """End the shims that are left, and first what they run: nobody else would."""
        for pid in processes.everyone():
            command = processes.command_line(pid)
            if not command or not os.path.basename(command[0]).startswith("containerd-shim"):
                continue
            if self.settings.socket not in command:
                continue
            for each in (*processes.descendants(pid), pid):
                if process := processes.identify(each):
                    process.send(signal.SIGKILL)
                    await process.ended()


async def _remove(runtime: ContainerdRuntime, sandbox: str) -> None:
    with contextlib.suppress(RuntimeFailure):
        await runtime.stop_sandbox(sandbox)
        await runtime.remove_sandbox(sandbox)


def unmount_below(folder: str) -> None:
    """Unmount everything below a folder, the innermost first."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/mountinfo") as file:
        mounts = [line.split()[4] for line in file]
    for mount in reversed(mounts):
        if mount.startswith(f"{folder}/"):
            libc.umount2(mount.encode().decode("unicode_escape").encode("latin-1"), MNT_DETACH)
