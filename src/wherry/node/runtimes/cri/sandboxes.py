"""CRI sandboxes: the messages of the pod sandbox calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.node.runtimes.cri.parts import (
    Int64Value,
    LinuxContainerResources,
    NamespaceOption,
    SecurityProfile,
    SELinuxOption,
)
from wherry.node.runtimes.protobuf import Message

SANDBOX_READY, SANDBOX_NOTREADY = 0, 1


class DNSConfig(Message):
    servers: Annotated[tuple[str, ...], 1] = ()
    searches: Annotated[tuple[str, ...], 2] = ()
    options: Annotated[tuple[str, ...], 3] = ()


class PortMapping(Message):
    """Protocols: 0 TCP, 1 UDP, 2 SCTP."""

    protocol: Annotated[int, 1] = 0
    container_port: Annotated[int, 2] = 0
    host_port: Annotated[int, 3] = 0
    host_ip: Annotated[str, 4] = ""


class LinuxSandboxSecurityContext(Message):
    namespace_options: Annotated[NamespaceOption | None, 1] = None
    selinux_options: Annotated[SELinuxOption | None, 2] = None
    run_as_user: Annotated[Int64Value | None, 3] = None
    readonly_rootfs: Annotated[bool, 4] = False
    supplemental_groups: Annotated[tuple[int, ...], 5] = ()
    privileged: Annotated[bool, 6] = False
    run_as_group: Annotated[Int64Value | None, 8] = None
    seccomp: Annotated[SecurityProfile | None, 9] = None
    apparmor: Annotated[SecurityProfile | None, 10] = None
    supplemental_groups_policy: Annotated[int, 11] = 0


class LinuxPodSandboxConfig(Message):
    cgroup_parent: Annotated[str, 1] = ""
    security_context: Annotated[LinuxSandboxSecurityContext | None, 2] = None
    sysctls: Annotated[Mapping[str, str], 3] = {}
    overhead: Annotated[LinuxContainerResources | None, 4] = None
    resources: Annotated[LinuxContainerResources | None, 5] = None


class PodSandboxMetadata(Message):
    name: Annotated[str, 1] = ""
    uid: Annotated[str, 2] = ""
    namespace: Annotated[str, 3] = ""
    attempt: Annotated[int, 4] = 0


class PodSandboxConfig(Message):
    metadata: Annotated[PodSandboxMetadata, 1] = PodSandboxMetadata()
    hostname: Annotated[str, 2] = ""
    log_directory: Annotated[str, 3] = ""
    dns_config: Annotated[DNSConfig | None, 4] = None
    port_mappings: Annotated[tuple[PortMapping, ...], 5] = ()
    labels: Annotated[Mapping[str, str], 6] = {}
    annotations: Annotated[Mapping[str, str], 7] = {}
    linux: Annotated[LinuxPodSandboxConfig | None, 8] = None


class RunPodSandboxRequest(Message):
    config: Annotated[PodSandboxConfig, 1] = PodSandboxConfig()
    runtime_handler: Annotated[str, 2] = ""


class RunPodSandboxResponse(Message):
    pod_sandbox_id: Annotated[str, 1] = ""


class PodSandboxRequest(Message):
    """StopPodSandboxRequest and RemovePodSandboxRequest: the same on the wire."""

    pod_sandbox_id: Annotated[str, 1] = ""


class PodSandboxStatusRequest(Message):
    pod_sandbox_id: Annotated[str, 1] = ""
    verbose: Annotated[bool, 2] = False


class PodIP(Message):
    ip: Annotated[str, 1] = ""


class PodSandboxNetworkStatus(Message):
    ip: Annotated[str, 1] = ""
    additional_ips: Annotated[tuple[PodIP, ...], 2] = ()


class PodSandboxStatus(Message):
    id: Annotated[str, 1] = ""
    metadata: Annotated[PodSandboxMetadata, 2] = PodSandboxMetadata()
    state: Annotated[int, 3] = SANDBOX_READY
    created_at: Annotated[int, 4] = 0
    network: Annotated[PodSandboxNetworkStatus, 5] = PodSandboxNetworkStatus()
    labels: Annotated[Mapping[str, str], 7] = {}
    annotations: Annotated[Mapping[str, str], 8] = {}
    runtime_handler: Annotated[str, 9] = ""


class PodSandboxStatusResponse(Message):
    status: Annotated[PodSandboxStatus, 1] = PodSandboxStatus()
    info: Annotated[Mapping[str, str], 2] = {}


class PodSandbox(Message):
    id: Annotated[str, 1] = ""
    metadata: Annotated[PodSandboxMetadata, 2] = PodSandboxMetadata()
    state: Annotated[int, 3] = SANDBOX_READY
    created_at: Annotated[int, 4] = 0
    labels: Annotated[Mapping[str, str], 5] = {}
    annotations: Annotated[Mapping[str, str], 6] = {}
    runtime_handler: Annotated[str, 7] = ""


class ListPodSandboxResponse(Message):
    items: Annotated[tuple[PodSandbox, ...], 1] = ()
