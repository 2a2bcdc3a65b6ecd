"""CRI containers: the messages of the container, exec and stats calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.node.runtimes.cri.parts import (
    FilesystemUsage,
    ImageSpec,
    Int64Value,
    KeyValue,
    LinuxContainerResources,
    Mount,
    NamespaceOption,
    SecurityProfile,
    SELinuxOption,
    UInt64Value,
)
from wherry.node.runtimes.cri.sandboxes import PodSandboxConfig
from wherry.node.runtimes.protobuf import Message

CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED, CONTAINER_UNKNOWN = range(4)

# The Signal enumeration, in its order.
_NAMES = """
    RUNTIME_DEFAULT SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT
    SIGKILL SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP
    SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIGRTMIN
"""
SIGNALS = (
    *_NAMES.split(),
    *(f"SIGRTMIN+{n}" for n in range(1, 16)),
    *(f"SIGRTMAX-{n}" for n in range(14, 0, -1)),
    "SIGRTMAX",
)


class Capability(Message):
    add_capabilities: Annotated[tuple[str, ...], 1] = ()
    drop_capabilities: Annotated[tuple[str, ...], 2] = ()
    add_ambient_capabilities: Annotated[tuple[str, ...], 3] = ()


class LinuxContainerSecurityContext(Message):
    capabilities: Annotated[Capability | None, 1] = None
    privileged: Annotated[bool, 2] = False
    namespace_options: Annotated[NamespaceOption | None, 3] = None
    selinux_options: Annotated[SELinuxOption | None, 4] = None
    run_as_user: Annotated[Int64Value | None, 5] = None
    run_as_username: Annotated[str, 6] = ""
    readonly_rootfs: Annotated[bool, 7] = False
    supplemental_groups: Annotated[tuple[int, ...], 8] = ()
    no_new_privs: Annotated[bool, 11] = False
    run_as_group: Annotated[Int64Value | None, 12] = None
    masked_paths: Annotated[tuple[str, ...], 13] = ()
    readonly_paths: Annotated[tuple[str, ...], 14] = ()
    seccomp: Annotated[SecurityProfile | None, 15] = None
    apparmor: Annotated[SecurityProfile | None, 16] = None
    supplemental_groups_policy: Annotated[int, 17] = 0


class LinuxContainerConfig(Message):
    resources: Annotated[LinuxContainerResources | None, 1] = None
    security_context: Annotated[LinuxContainerSecurityContext | None, 2] = None


class ContainerMetadata(Message):
    name: Annotated[str, 1] = ""
    attempt: Annotated[int, 2] = 0


class Device(Message):
    container_path: Annotated[str, 1] = ""
    host_path: Annotated[str, 2] = ""
    permissions: Annotated[str, 3] = ""


class CDIDevice(Message):
    name: Annotated[str, 1] = ""


class ContainerConfig(Message):
    metadata: Annotated[ContainerMetadata, 1] = ContainerMetadata()
    image: Annotated[ImageSpec, 2] = ImageSpec()
    command: Annotated[tuple[str, ...], 3] = ()
    args: Annotated[tuple[str, ...], 4] = ()
    working_dir: Annotated[str, 5] = ""
    envs: Annotated[tuple[KeyValue, ...], 6] = ()
    mounts: Annotated[tuple[Mount, ...], 7] = ()
    devices: Annotated[tuple[Device, ...], 8] = ()
    labels: Annotated[Mapping[str, str], 9] = {}
    annotations: Annotated[Mapping[str, str], 10] = {}
    log_path: Annotated[str, 11] = ""
    stdin: Annotated[bool, 12] = False
    stdin_once: Annotated[bool, 13] = False
    tty: Annotated[bool, 14] = False
    linux: Annotated[LinuxContainerConfig | None, 15] = None
    CDI_devices: Annotated[tuple[CDIDevice, ...], 17] = ()
    stop_signal: Annotated[int, 18] = 0


class CreateContainerRequest(Message):
    pod_sandbox_id: Annotated[str, 1] = ""
    config: Annotated[ContainerConfig, 2] = ContainerConfig()
    sandbox_config: Annotated[PodSandboxConfig, 3] = PodSandboxConfig()


class CreateContainerResponse(Message):
    container_id: Annotated[str, 1] = ""


class ContainerRequest(Message):
    """The requests to start, remove or reopen the log of a container: the same on the wire."""

    container_id: Annotated[str, 1] = ""


class StopContainerRequest(Message):
    container_id: Annotated[str, 1] = ""
    timeout: Annotated[int, 2] = 0


class ContainerFilter(Message):
    id: Annotated[str, 1] = ""
    pod_sandbox_id: Annotated[str, 3] = ""


class ListContainersRequest(Message):
    filter: Annotated[ContainerFilter | None, 1] = None


class Container(Message):
    id: Annotated[str, 1] = ""
    pod_sandbox_id: Annotated[str, 2] = ""
    metadata: Annotated[ContainerMetadata, 3] = ContainerMetadata()
    image: Annotated[ImageSpec, 4] = ImageSpec()
    image_ref: Annotated[str, 5] = ""
    state: Annotated[int, 6] = CONTAINER_CREATED
    created_at: Annotated[int, 7] = 0
    labels: Annotated[Mapping[str, str], 8] = {}
    annotations: Annotated[Mapping[str, str], 9] = {}


class ListContainersResponse(Message):
    containers: Annotated[tuple[Container, ...], 1] = ()


class ContainerStatusRequest(Message):
    container_id: Annotated[str, 1] = ""
    verbose: Annotated[bool, 2] = False


class ContainerResources(Message):
    linux: Annotated[LinuxContainerResources | None, 1] = None


class ContainerStatus(Message):
    id: Annotated[str, 1] = ""
    metadata: Annotated[ContainerMetadata, 2] = ContainerMetadata()
    state: Annotated[int, 3] = CONTAINER_CREATED
    created_at: Annotated[int, 4] = 0
    started_at: Annotated[int, 5] = 0
    finished_at: Annotated[int, 6] = 0
    exit_code: Annotated[int, 7] = 0
    image: Annotated[ImageSpec, 8] = ImageSpec()
    image_ref: Annotated[str, 9] = ""
    reason: Annotated[str, 10] = ""
    message: Annotated[str, 11] = ""
    labels: Annotated[Mapping[str, str], 12] = {}
    annotations: Annotated[Mapping[str, str], 13] = {}
    mounts: Annotated[tuple[Mount, ...], 14] = ()
    log_path: Annotated[str, 15] = ""
    resources: Annotated[ContainerResources, 16] = ContainerResources()
    image_id: Annotated[str, 17] = ""


class ContainerStatusResponse(Message):
    status: Annotated[ContainerStatus, 1] = ContainerStatus()
    info: Annotated[Mapping[str, str], 2] = {}


class UpdateContainerResourcesRequest(Message):
    container_id: Annotated[str, 1] = ""
    linux: Annotated[LinuxContainerResources | None, 2] = None


class ExecSyncRequest(Message):
    container_id: Annotated[str, 1] = ""
    cmd: Annotated[tuple[str, ...], 2] = ()
    timeout: Annotated[int, 3] = 0


class ExecSyncResponse(Message):
    stdout: Annotated[bytes, 1] = b""
    stderr: Annotated[bytes, 2] = b""
    exit_code: Annotated[int, 3] = 0


class ExecRequest(Message):
    container_id: Annotated[str, 1] = ""
    cmd: Annotated[tuple[str, ...], 2] = ()
    tty: Annotated[bool, 3] = False
    stdin: Annotated[bool, 4] = False
    stdout: Annotated[bool, 5] = False
    stderr: Annotated[bool, 6] = False


class AttachRequest(Message):
    container_id: Annotated[str, 1] = ""
    stdin: Annotated[bool, 2] = False
    tty: Annotated[bool, 3] = False
    stdout: Annotated[bool, 4] = False
    stderr: Annotated[bool, 5] = False


class StreamingResponse(Message):
    """ExecResponse and AttachResponse: where the streaming server waits."""

    url: Annotated[str, 1] = ""


class ContainerStatsFilter(Message):
    id: Annotated[str, 1] = ""
    pod_sandbox_id: Annotated[str, 2] = ""


class ListContainerStatsRequest(Message):
    filter: Annotated[ContainerStatsFilter | None, 1] = None


class ContainerAttributes(Message):
    id: Annotated[str, 1] = ""
    metadata: Annotated[ContainerMetadata, 2] = ContainerMetadata()
    labels: Annotated[Mapping[str, str], 3] = {}


class CpuUsage(Message):
    timestamp: Annotated[int, 1] = 0
    usage_core_nano_seconds: Annotated[UInt64Value, 2] = UInt64Value()


class MemoryUsage(Message):
    timestamp: Annotated[int, 1] = 0
    working_set_bytes: Annotated[UInt64Value, 2] = UInt64Value()
    usage_bytes: Annotated[UInt64Value, 4] = UInt64Value()
    rss_bytes: Annotated[UInt64Value, 5] = UInt64Value()
    page_faults: Annotated[UInt64Value, 6] = UInt64Value()
    major_page_faults: Annotated[UInt64Value, 7] = UInt64Value()


class ContainerStats(Message):
    attributes: Annotated[ContainerAttributes, 1] = ContainerAttributes()
    cpu: Annotated[CpuUsage, 2] = CpuUsage()
    memory: Annotated[MemoryUsage, 3] = MemoryUsage()
    writable_layer: Annotated[FilesystemUsage, 4] = FilesystemUsage()


class ListContainerStatsResponse(Message):
    stats: Annotated[tuple[ContainerStats, ...], 1] = ()


class ContainerEventResponse(Message):
    """Types: 0 created, 1 started, 2 stopped, 3 deleted."""

    container_id: Annotated[str, 1] = ""
    container_event_type: Annotated[int, 2] = 0
    created_at: Annotated[int, 3] = 0
    containers_statuses: Annotated[tuple[ContainerStatus, ...], 5] = ()
