"""Runtime interface: what the node agent asks of a container runtime, in types of its own.

    RuntimeFailure       the runtime refused, in its own words
    ├── NotFound         no sandbox, container or image of that name
    ├── Unavailable      nobody answers on the runtime's socket
    ├── TimedOut         the deadline passed first
    └── Unsupported      this runtime, or this version of it, cannot do that

Field names are those of the Container Runtime Interface; none of its message types shows here.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol, dataclass_transform

import msgspec


class RuntimeFailure(Exception):
    """The runtime refused, or failed at, what it was asked to do."""


class NotFound(RuntimeFailure):
    """There is no sandbox, container or image of that name."""


class Unavailable(RuntimeFailure):
    """Nobody answers on the runtime's socket: it is starting, stopped or hung."""


class TimedOut(RuntimeFailure):
    """The deadline passed before the answer came; what was asked for may still happen."""


class Unsupported(RuntimeFailure):
    """This runtime, or this version of it, has no such ability."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything that crosses this interface: frozen, compared by content."""


class SandboxState(Enum):
    READY = "ready"
    NOT_READY = "not ready"


class ContainerState(Enum):
    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"
    UNKNOWN = "unknown"


class NamespaceMode(Enum):
    """Whose namespace a process joins: its pod's, its own, the node's, or another container's."""

    POD = 0
    CONTAINER = 1
    NODE = 2
    TARGET = 3


class Propagation(Enum):
    """Upstream's MountPropagationMode: None, HostToContainer, Bidirectional."""

    PRIVATE = 0
    HOST_TO_CONTAINER = 1
    BIDIRECTIONAL = 2


class ProfileType(Enum):
    RUNTIME_DEFAULT = 0
    UNCONFINED = 1
    LOCALHOST = 2


class Version(Value):
    name: str
    version: str
    api_version: str = ""


class Handler(Value):
    """A runtime handler that a RuntimeClass can name; the default one has the empty name."""

    name: str
    recursive_read_only_mounts: bool = False
    user_namespaces: bool = False


class RuntimeStatus(Value):
    ready: bool
    network_ready: bool
    message: str = ""  # why not, when either is false
    cgroup_driver: str = "cgroupfs"  # or "systemd"
    handlers: tuple[Handler, ...] = ()
    supplemental_groups_policy: bool = False


class Resources(Value):
    """Limits of a container or pod; zero and empty mean: not set."""

    cpu_period: int = 0  # microseconds
    cpu_quota: int = 0  # microseconds per period
    cpu_shares: int = 0
    memory_limit: int = 0  # bytes
    swap_limit: int = 0  # bytes, memory and swap together
    oom_score_adj: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    hugepage_limits: Mapping[str, int] = {}  # page size ("2MB") to bytes
    unified: Mapping[str, str] = {}  # cgroup v2 files


class SecurityProfile(Value):
    """A seccomp or AppArmor profile; `localhost_ref` is its path or name."""

    type: ProfileType = ProfileType.RUNTIME_DEFAULT
    localhost_ref: str = ""


class SELinuxOptions(Value):
    user: str = ""
    role: str = ""
    type: str = ""
    level: str = ""


class IDMapping(Value):
    host_id: int
    container_id: int
    length: int


class Namespaces(Value):
    network: NamespaceMode = NamespaceMode.POD
    pid: NamespaceMode = NamespaceMode.CONTAINER
    ipc: NamespaceMode = NamespaceMode.POD
    target: str = ""  # the container whose PID namespace is joined, for TARGET
    user: tuple[IDMapping, ...] = ()  # empty: the node's user namespace
    group: tuple[IDMapping, ...] = ()


class SecurityContext(Value):
    """What a process may do. A sandbox uses only what makes sense for it."""

    privileged: bool = False
    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_username: str = ""
    readonly_rootfs: bool = False
    supplemental_groups: tuple[int, ...] = ()
    supplemental_groups_strict: bool = False
    no_new_privs: bool = False
    add_capabilities: tuple[str, ...] = ()
    drop_capabilities: tuple[str, ...] = ()
    masked_paths: tuple[str, ...] = ()
    readonly_paths: tuple[str, ...] = ()
    seccomp: SecurityProfile | None = None
    apparmor: SecurityProfile | None = None
    selinux: SELinuxOptions | None = None


class DNSConfig(Value):
    servers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


class PortMapping(Value):
    container_port: int
    host_port: int = 0
    protocol: str = "TCP"
    host_ip: str = ""


class SandboxConfig(Value):
    name: str
    namespace: str
    uid: str
    attempt: int = 0
    hostname: str = ""
    log_directory: str = ""
    dns: DNSConfig | None = None  # None: the node's own
    ports: tuple[PortMapping, ...] = ()
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    cgroup_parent: str = ""
    sysctls: Mapping[str, str] = {}
    namespaces: Namespaces = Namespaces()
    security: SecurityContext = SecurityContext()
    overhead: Resources | None = None
    resources: Resources | None = None
    runtime_handler: str = ""


class Mount(Value):
    container_path: str
    host_path: str = ""
    readonly: bool = False
    recursive_read_only: bool = False
    propagation: Propagation = Propagation.PRIVATE
    selinux_relabel: bool = False
    image: str = ""  # an image mounted instead of a host path
    image_sub_path: str = ""
    uid_mappings: tuple[IDMapping, ...] = ()
    gid_mappings: tuple[IDMapping, ...] = ()


class Device(Value):
    container_path: str
    host_path: str
    permissions: str = "rwm"


class ContainerConfig(Value):
    name: str
    image: str  # what `pull` or `image_status` called its id
    attempt: int = 0
    user_specified_image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str = ""
    env: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()
    devices: tuple[Device, ...] = ()
    cdi_devices: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    log_path: str = ""  # relative to the sandbox's log_directory
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False
    namespaces: Namespaces = Namespaces()
    security: SecurityContext = SecurityContext()
    resources: Resources = Resources()
    stop_signal: str = ""  # "SIGUSR1"; empty: the image's or the runtime's own


class Sandbox(Value):
    id: str
    name: str
    namespace: str
    uid: str
    attempt: int = 0
    state: SandboxState = SandboxState.READY
    created_at: datetime | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    runtime_handler: str = ""


class SandboxStatus(Sandbox):
    ips: tuple[str, ...] = ()  # empty in the node's network
    netns: str = ""  # path of the network namespace; empty in the node's network
    pid: int = 0


class Container(Value):
    id: str
    sandbox: str
    name: str
    attempt: int = 0
    image: str = ""
    image_ref: str = ""
    state: ContainerState = ContainerState.CREATED
    created_at: datetime | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class ContainerStatus(Value):
    id: str
    name: str
    attempt: int = 0
    state: ContainerState = ContainerState.CREATED
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int = 0
    reason: str = ""  # "OOMKilled", "Completed", "Error", "StartError", …
    message: str = ""
    image: str = ""
    image_ref: str = ""  # with digest
    image_id: str = ""
    log_path: str = ""
    pid: int = 0
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    mounts: tuple[Mount, ...] = ()
    resources: Resources | None = None


class ExecResult(Value):
    stdout: bytes
    stderr: bytes
    exit_code: int


class ContainerStats(Value):
    """Counters at one moment; a rate is the reader's difference of two."""

    id: str
    name: str
    timestamp: datetime
    labels: Mapping[str, str] = {}
    cpu_nanoseconds: int = 0  # used since the container was created
    memory_working_set: int = 0  # bytes
    memory_usage: int = 0
    memory_rss: int = 0
    page_faults: int = 0
    major_page_faults: int = 0
    rootfs_bytes: int = 0
    rootfs_inodes: int = 0


class Image(Value):
    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    size: int = 0
    uid: int | None = None
    username: str = ""
    pinned: bool = False


class Auth(Value):
    """What a registry wants to see; empty fields are not sent."""

    username: str = ""
    password: str = ""
    auth: str = ""
    server_address: str = ""
    identity_token: str = ""
    registry_token: str = ""


class FilesystemUsage(Value):
    mountpoint: str
    used_bytes: int
    inodes_used: int


class EventKind(Enum):
    RELIST = "relist"  # events may have been missed before this one: list again
    STARTED = "started"
    EXITED = "exited"
    OOM = "oom"
    DELETED = "deleted"


class Event(Value):
    """Something happened to a container, or to a sandbox (then `container` is the sandbox's id).

    By the time an event is seen, the status calls tell of it too.
    """

    kind: EventKind
    container: str = ""
    at: datetime | None = None
    exit_code: int = 0


class Session(Protocol):
    """A process to talk to: begun by `exec`, or joined by `attach`. Close it when done."""

    async def write(self, data: bytes) -> None:
        """Give `data` to its stdin; waits while it does not read. Dropped once it is gone."""
        ...

    async def close_stdin(self) -> None:
        """Let it see the end of its input; its output stays open."""
        ...

    async def read_stdout(self) -> bytes:
        """What it wrote next (with a tty: to either stream); empty at the end."""
        ...

    async def read_stderr(self) -> bytes: ...

    async def resize(self, width: int, height: int) -> None: ...

    async def wait(self) -> int:
        """Its exit code; 0 when an attached session ends, however the container goes on."""
        ...

    async def close(self) -> None:
        """Let go: kills what `exec` began if it still runs, leaves an attached container alone."""
        ...


class Runtime(Protocol):
    """A container runtime. Every runtime passes the suite in tests/node/runtimes.

    Stopping and removing are idempotent: what is already gone is no failure.
    """

    async def version(self) -> Version: ...
    async def status(self) -> RuntimeStatus: ...

    async def run_sandbox(self, config: SandboxConfig) -> str:
        """Start the pod's sandbox, network included; its id. Leaves nothing behind on failure."""
        ...

    async def stop_sandbox(self, sandbox: str) -> None:
        """Kill what runs in it and release its network."""
        ...

    async def remove_sandbox(self, sandbox: str) -> None:
        """Remove it with its containers."""
        ...

    async def list_sandboxes(self) -> Sequence[Sandbox]: ...
    async def sandbox_status(self, sandbox: str) -> SandboxStatus: ...

    async def dial(self, sandbox: str, port: int) -> socket.socket:
        """A non-blocking connection to the pod's own 127.0.0.1:`port`; ConnectionError if refused."""
        ...

    async def create_container(self, sandbox: str, config: ContainerConfig, pod: SandboxConfig) -> str: ...
    async def start_container(self, container: str) -> None: ...

    async def stop_container(self, container: str, grace: float) -> None:
        """Ask it to stop, kill it after `grace` seconds; returns when it has exited."""
        ...

    async def remove_container(self, container: str) -> None:
        """Remove it; killed first if it runs."""
        ...

    async def list_containers(self, sandbox: str = "") -> Sequence[Container]: ...
    async def container_status(self, container: str) -> ContainerStatus: ...
    async def update_resources(self, container: str, resources: Resources) -> None: ...

    async def reopen_log(self, container: str) -> None:
        """Begin a new log file at the container's log path: the old one was moved away."""
        ...

    async def stats(self, sandbox: str = "") -> Sequence[ContainerStats]:
        """Of all running containers, or those of one sandbox."""
        ...

    async def exec_sync(self, container: str, command: Sequence[str], limit: float = 0) -> ExecResult:
        """Run to the end; TimedOut after `limit` seconds (0: none), the process killed."""
        ...

    async def exec(
        self, container: str, command: Sequence[str], *, tty: bool = False, stdin: bool = False
    ) -> Session: ...

    async def attach(self, container: str, *, tty: bool = False, stdin: bool = False) -> Session: ...

    async def list_images(self) -> Sequence[Image]: ...
    async def image_status(self, image: str) -> Image | None: ...

    async def pull(self, image: str, auth: Auth | None = None, pod: SandboxConfig | None = None) -> str:
        """Fetch the image; its id."""
        ...

    async def remove_image(self, image: str) -> None: ...

    async def load(self, tar: str) -> Sequence[str]:
        """Load an OCI archive; the references it brought."""
        ...

    async def image_filesystems(self) -> Sequence[FilesystemUsage]: ...

    def events(self) -> AsyncIterator[Event]:
        """What happens from now on, for ever. First comes RELIST, and again after every interruption."""
        ...

    async def close(self) -> None:
        """Let go of the connection; what runs goes on."""
        ...
