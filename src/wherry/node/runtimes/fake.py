"""Fake runtime: sandboxes and containers in memory, for tests and for simulated nodes.

Nothing polls and nothing is random: ids are counted, time is the clock's, and what a container does is
said by a script. A container that runs until it is stopped costs one object and no task.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import msgspec

from wherry.machinery.clock import Clock
from wherry.node.runtimes.archive import Archive, canonical
from wherry.node.runtimes.fakesession import NOT_FOUND, PROGRAMS, FakeSession, Process, Program
from wherry.node.runtimes.interface import (
    Auth,
    Container,
    ContainerConfig,
    ContainerState,
    ContainerStats,
    ContainerStatus,
    Event,
    EventKind,
    ExecResult,
    FilesystemUsage,
    Image,
    NamespaceMode,
    NotFound,
    Resources,
    RuntimeFailure,
    RuntimeStatus,
    Sandbox,
    SandboxConfig,
    SandboxState,
    SandboxStatus,
    Session,
    TimedOut,
    Value,
    Version,
)

KILLED, TERMINATED = 137, 143


class Script(Value):
    """What a container does once it is started."""

    exit_code: int | None = None  # None: it runs until it is stopped
    after: float = 0.0  # seconds until it exits
    reason: str = ""  # "OOMKilled"; empty: Completed or Error, by the exit code
    ignores_term: bool = False  # then a stop takes its whole grace
    cpu: float = 0.0  # cores in use, for stats
    memory: int = 0  # bytes in use


def from_command(config: ContainerConfig) -> Script:
    """`true`, `false`, `sleep N` and `sh -c "exit N"` do what they say; all others run for ever."""
    match (*config.command, *config.args):
        case ("true",):
            return Script(exit_code=0)
        case ("false",):
            return Script(exit_code=1)
        case ("sleep", seconds):
            return Script(exit_code=0, after=float(seconds), ignores_term=True)
        case ("sh", "-c", line) if line.startswith("exit "):
            return Script(exit_code=int(line[5:]))
        case _:
            return Script()


class _Running:
    """A container and what is going on in it."""

    def __init__(
        self, sandbox: str, config: ContainerConfig, status: ContainerStatus, script: Script
    ) -> None:
        self.sandbox, self.config, self.status, self.script = sandbox, config, status, script
        self._sessions: list[FakeSession] = []
        self.exit_timer: asyncio.TimerHandle | None = None
        self.exited = asyncio.Event()

    def join(self, session: FakeSession) -> None:
        self._sessions = [*(each for each in self._sessions if not each.over), session]

    def kill_sessions(self) -> None:
        for session in self._sessions:
            session.kill()


class FakeRuntime:
    """An in-memory Runtime. `failing` maps names of its methods to the failure they raise."""

    def __init__(
        self,
        clock: Clock,
        *,
        script: Callable[[ContainerConfig], Script] = from_command,
        programs: Mapping[str, Program] = PROGRAMS,
        network: str = "10.88",
    ) -> None:
        self.clock = clock
        self.script = script
        self.programs = programs
        self.network = network
        self.failing: dict[str, RuntimeFailure] = {}
        self.listening: set[int] = set()  # ports that answer in every pod
        self.dialled: list[tuple[str, int, socket.socket]] = []  # the pod's ends of connections
        self._sandboxes: dict[str, SandboxStatus] = {}
        self._containers: dict[str, _Running] = {}
        self._images: dict[str, Image] = {}
        self._listeners: list[asyncio.Queue[Event]] = []
        self._count = 0

    # --- for tests ---

    def exit(self, container: str, exit_code: int, reason: str = "") -> None:
        """Let a running container exit now."""
        running = self._containers[container]
        if running.status.state is not ContainerState.RUNNING:
            return
        if running.exit_timer is not None:
            running.exit_timer.cancel()
        running.status = msgspec.structs.replace(
            running.status,
            state=ContainerState.EXITED,
            finished_at=self.clock.now(),
            exit_code=exit_code,
            reason=reason or ("Error" if exit_code else "Completed"),
            pid=0,
        )
        running.kill_sessions()
        running.exited.set()
        if reason == "OOMKilled":
            self._tell(EventKind.OOM, container)
        self._tell(EventKind.EXITED, container, exit_code)

    def lose_events(self) -> None:
        """As after an interruption: every listener is told to list again."""
        self._tell(EventKind.RELIST, "")

    def _tell(self, kind: EventKind, container: str, exit_code: int = 0) -> None:
        event = Event(kind=kind, container=container, at=self.clock.now(), exit_code=exit_code)
        for listener in self._listeners:
            listener.put_nowait(event)

    def _check(self, name: str) -> None:
        if failure := self.failing.get(name):
            raise failure

    def _new_id(self) -> str:
        self._count += 1
        return f"{self._count:064x}"

    # --- the runtime itself ---

    async def version(self) -> Version:
        self._check("version")
        return Version(name="fake", version="1.0.0", api_version="v1")

    async def status(self) -> RuntimeStatus:
        self._check("status")
        return RuntimeStatus(ready=True, network_ready=True)

    async def close(self) -> None:
        for running in self._containers.values():
            if running.exit_timer is not None:
                running.exit_timer.cancel()
            running.kill_sessions()

    # --- sandboxes ---

    async def run_sandbox(self, config: SandboxConfig) -> str:
        self._check("run_sandbox")
        sandbox = self._new_id()
        number = self._count
        inside = config.namespaces.network is NamespaceMode.POD
        self._sandboxes[sandbox] = SandboxStatus(
            id=sandbox,
            name=config.name,
            namespace=config.namespace,
            uid=config.uid,
            attempt=config.attempt,
            created_at=self.clock.now(),
            labels=config.labels,
            annotations=config.annotations,
            runtime_handler=config.runtime_handler,
            ips=(f"{self.network}.{number >> 8 & 255}.{number & 255}",) if inside else (),
            netns=f"/var/run/netns/{sandbox[-12:]}" if inside else "",
            pid=number,
        )
        self._tell(EventKind.STARTED, sandbox)
        return sandbox

    async def stop_sandbox(self, sandbox: str) -> None:
        self._check("stop_sandbox")
        status = self._sandboxes.get(sandbox)
        if status is None or status.state is SandboxState.NOT_READY:
            return
        for container in self._inside(sandbox):
            self.exit(container, KILLED)
        self._sandboxes[sandbox] = msgspec.structs.replace(
            status, state=SandboxState.NOT_READY, ips=(), netns="", pid=0
        )
        self._tell(EventKind.EXITED, sandbox, KILLED)

    async def remove_sandbox(self, sandbox: str) -> None:
        self._check("remove_sandbox")
        await self.stop_sandbox(sandbox)
        for container in self._inside(sandbox):
            await self.remove_container(container)
        if self._sandboxes.pop(sandbox, None):
            self._tell(EventKind.DELETED, sandbox)

    async def list_sandboxes(self) -> Sequence[Sandbox]:
        self._check("list_sandboxes")
        return [
            Sandbox(**{name: getattr(status, name) for name in Sandbox.__struct_fields__})
            for status in self._sandboxes.values()
        ]

    async def sandbox_status(self, sandbox: str) -> SandboxStatus:
        self._check("sandbox_status")
        if sandbox not in self._sandboxes:
            raise NotFound(f"there is no sandbox {sandbox}")
        return self._sandboxes[sandbox]

    async def dial(self, sandbox: str, port: int) -> socket.socket:
        self._check("dial")
        await self.sandbox_status(sandbox)
        if port not in self.listening:
            raise ConnectionRefusedError(111, f"nobody listens on localhost:{port} in the pod")
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        self.dialled.append((sandbox, port, theirs))
        return ours

    def _inside(self, sandbox: str) -> list[str]:
        return [name for name, running in self._containers.items() if running.sandbox == sandbox]

    # --- containers ---

    async def create_container(self, sandbox: str, config: ContainerConfig, pod: SandboxConfig) -> str:
        self._check("create_container")
        if (await self.sandbox_status(sandbox)).state is not SandboxState.READY:
            raise RuntimeFailure(f"sandbox {sandbox} is not ready: no container can be created in it")
        image = await self.image_status(config.image)
        if image is None:
            raise NotFound(f"there is no image {config.image}; pull it first")
        container = self._new_id()
        status = ContainerStatus(
            id=container,
            name=config.name,
            attempt=config.attempt,
            created_at=self.clock.now(),
            image=config.image,
            image_ref=image.digests[0] if image.digests else image.id,
            image_id=image.id,
            log_path=f"{pod.log_directory}/{config.log_path}" if config.log_path else "",
            labels=config.labels,
            annotations=config.annotations,
            mounts=config.mounts,
            resources=config.resources,
        )
        self._containers[container] = _Running(sandbox, config, status, self.script(config))
        return container

    async def start_container(self, container: str) -> None:
        self._check("start_container")
        running = self._known(container)
        if running.status.state is not ContainerState.CREATED:
            raise RuntimeFailure(f"container {container} is {running.status.state.value}, not created")
        running.status = msgspec.structs.replace(
            running.status, state=ContainerState.RUNNING, started_at=self.clock.now(), pid=self._count
        )
        self._tell(EventKind.STARTED, container)
        script = running.script
        if script.exit_code is not None:
            running.exit_timer = asyncio.get_running_loop().call_later(
                script.after, self.exit, container, script.exit_code, script.reason
            )

    async def stop_container(self, container: str, grace: float) -> None:
        self._check("stop_container")
        running = self._containers.get(container)
        if running is None or running.status.state is not ContainerState.RUNNING:
            return
        if running.script.ignores_term and grace:
            try:
                async with asyncio.timeout(grace):
                    await running.exited.wait()
            except TimeoutError:
                self.exit(container, KILLED)
        else:
            self.exit(container, TERMINATED if grace else KILLED)

    async def remove_container(self, container: str) -> None:
        self._check("remove_container")
        if container in self._containers:
            self.exit(container, KILLED)
            del self._containers[container]
            self._tell(EventKind.DELETED, container)

    async def list_containers(self, sandbox: str = "") -> Sequence[Container]:
        self._check("list_containers")
        return [
            Container(
                id=running.status.id,
                sandbox=running.sandbox,
                name=running.config.name,
                attempt=running.config.attempt,
                image=running.status.image,
                image_ref=running.status.image_ref,
                state=running.status.state,
                created_at=running.status.created_at,
                labels=running.config.labels,
                annotations=running.config.annotations,
            )
            for running in self._containers.values()
            if sandbox in ("", running.sandbox)
        ]

    async def container_status(self, container: str) -> ContainerStatus:
        self._check("container_status")
        return self._known(container).status

    async def update_resources(self, container: str, resources: Resources) -> None:
        self._check("update_resources")
        running = self._known(container)
        running.status = msgspec.structs.replace(running.status, resources=resources)

    async def reopen_log(self, container: str) -> None:
        self._check("reopen_log")
        self._running(container)

    async def stats(self, sandbox: str = "") -> Sequence[ContainerStats]:
        self._check("stats")
        now = self.clock.now()
        return [
            ContainerStats(
                id=name,
                name=running.config.name,
                labels=running.config.labels,
                timestamp=now,
                cpu_nanoseconds=int(
                    running.script.cpu
                    * (now - (running.status.started_at or now)).total_seconds()
                    * 1_000_000_000
                ),
                memory_working_set=running.script.memory,
                memory_usage=running.script.memory,
                memory_rss=running.script.memory,
            )
            for name, running in self._containers.items()
            if sandbox in ("", running.sandbox) and running.status.state is ContainerState.RUNNING
        ]

    def _known(self, container: str) -> _Running:
        if container not in self._containers:
            raise NotFound(f"there is no container {container}")
        return self._containers[container]

    def _running(self, container: str) -> _Running:
        running = self._known(container)
        if running.status.state is not ContainerState.RUNNING:
            raise RuntimeFailure(f"container {container} is {running.status.state.value}, not running")
        return running

    # --- processes ---

    async def exec_sync(self, container: str, command: Sequence[str], limit: float = 0) -> ExecResult:
        self._check("exec_sync")
        session = await self.exec(container, command)
        try:
            async with asyncio.timeout(limit or None):
                exit_code = await session.wait()
        except TimeoutError:
            raise TimedOut(f"command {list(command)} took longer than {limit:g} s") from None
        finally:
            await session.close()
        return ExecResult(
            stdout=await _all(session.read_stdout),
            stderr=await _all(session.read_stderr),
            exit_code=exit_code,
        )

    async def exec(
        self, container: str, command: Sequence[str], *, tty: bool = False, stdin: bool = False
    ) -> Session:
        self._check("exec")
        running = self._running(container)
        program = self.programs.get(command[0])
        if program is None:
            raise RuntimeFailure(f'exec: "{command[0]}": executable file not found in $PATH ({NOT_FOUND})')
        session = FakeSession(Process(command, tty), program, stdin=stdin)
        running.join(session)
        return session

    async def attach(self, container: str, *, tty: bool = False, stdin: bool = False) -> Session:
        """What is written comes back, whatever runs there; with stdin_once the end of input ends it."""
        self._check("attach")
        running = self._running(container)

        async def echo_until_end(process: Process) -> int:
            while data := await process.stdin.get():
                process.stdout.put(data)
            if stdin and running.config.stdin_once:
                asyncio.get_running_loop().call_soon(self.exit, container, 0)
            return 0

        command = (*running.config.command, *running.config.args)
        session = FakeSession(Process(command, tty), echo_until_end, stdin=stdin)
        running.join(session)
        return session

    # --- images ---

    async def list_images(self) -> Sequence[Image]:
        self._check("list_images")
        return list(self._images.values())

    async def image_status(self, image: str) -> Image | None:
        self._check("image_status")
        full = canonical(image)
        found = (each for each in self._images.values() if image == each.id or full in each.tags)
        return next(found, None)

    async def pull(self, image: str, auth: Auth | None = None, pod: SandboxConfig | None = None) -> str:
        self._check("pull")
        full = canonical(image)
        digest = f"sha256:{hashlib.sha256(full.encode()).hexdigest()}"
        name = full.partition("@")[0].rpartition(":")[0]
        self._images[digest] = Image(id=digest, tags=(full,), digests=(f"{name}@{digest}",), size=1_000_000)
        return digest

    async def remove_image(self, image: str) -> None:
        self._check("remove_image")
        if found := await self.image_status(image):
            del self._images[found.id]

    async def load(self, tar: str) -> Sequence[str]:
        self._check("load")
        with Archive(tar) as archive:
            names = [name for name, _ in archive.images()]
        for name in names:
            await self.pull(name)
        return names

    async def image_filesystems(self) -> Sequence[FilesystemUsage]:
        self._check("image_filesystems")
        used = sum(image.size for image in self._images.values())
        return [FilesystemUsage(mountpoint="/", used_bytes=used, inodes_used=len(self._images))]

    # --- events ---

    async def events(self) -> AsyncIterator[Event]:
        heard: asyncio.Queue[Event] = asyncio.Queue()
        self._listeners.append(heard)
        try:
            yield Event(kind=EventKind.RELIST)
            while True:
                yield await heard.get()
        finally:
            self._listeners.remove(heard)


async def _all(read: Callable[[], Awaitable[bytes]]) -> bytes:
    data = b""
    while piece := await read():
        data += piece
    return data
