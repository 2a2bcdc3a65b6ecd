"""CRI answers: CRI messages as the runtime interface's structs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from wherry.node.runtimes import interface as ours
from wherry.node.runtimes.cri import containers, node, parts, sandboxes

SECOND = 10**9  # nanoseconds

SANDBOX_STATES = (ours.SandboxState.READY, ours.SandboxState.NOT_READY)
CONTAINER_STATES = (
    ours.ContainerState.CREATED,
    ours.ContainerState.RUNNING,
    ours.ContainerState.EXITED,
    ours.ContainerState.UNKNOWN,
)


def moment(nanoseconds: int) -> datetime | None:
    """A CRI time; 0 stands for none."""
    if nanoseconds <= 0:
        return None
    seconds, rest = divmod(nanoseconds, SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)


def sandbox(seen: sandboxes.PodSandbox) -> ours.Sandbox:
    return ours.Sandbox(**_sandbox_fields(seen))


def _sandbox_fields(seen: sandboxes.PodSandbox | sandboxes.PodSandboxStatus) -> dict[str, Any]:
    return {
        "id": seen.id,
        "name": seen.metadata.name,
        "namespace": seen.metadata.namespace,
        "uid": seen.metadata.uid,
        "attempt": seen.metadata.attempt,
        "state": SANDBOX_STATES[seen.state],
        "created_at": moment(seen.created_at),
        "labels": seen.labels,
        "annotations": seen.annotations,
        "runtime_handler": seen.runtime_handler,
    }


def sandbox_status(answer: sandboxes.PodSandboxStatusResponse) -> ours.SandboxStatus:
    network = answer.status.network
    ips = (network.ip, *(more.ip for more in network.additional_ips))
    info = _info(answer.info)
    return ours.SandboxStatus(
        **_sandbox_fields(answer.status),
        ips=tuple(ip for ip in ips if ip),
        netns=_network_namespace(info),
        pid=int(info.get("pid") or 0),
    )


def _network_namespace(info: Mapping[str, Any]) -> str:
    """The path in the sandbox's runtime spec, which containerd and CRI-O both show as extra information."""
    linux = (info.get("runtimeSpec") or {}).get("linux") or {}
    paths = [ns.get("path", "") for ns in linux.get("namespaces") or () if ns.get("type") == "network"]
    return paths[0] if paths else ""


def _info(info: Mapping[str, str]) -> Mapping[str, Any]:
    """The verbose part of an answer: JSON, by convention under the key `info`."""
    tree = msgspec.json.decode(info["info"]) if info.get("info") else {}
    return tree if isinstance(tree, dict) else {}


def container(seen: containers.Container) -> ours.Container:
    return ours.Container(
        id=seen.id,
        sandbox=seen.pod_sandbox_id,
        name=seen.metadata.name,
        attempt=seen.metadata.attempt,
        image=seen.image.image,
        image_ref=seen.image_ref,
        state=CONTAINER_STATES[seen.state],
        created_at=moment(seen.created_at),
        labels=seen.labels,
        annotations=seen.annotations,
    )


def container_status(answer: containers.ContainerStatusResponse) -> ours.ContainerStatus:
    seen = answer.status
    limits = seen.resources.linux
    return ours.ContainerStatus(
        id=seen.id,
        name=seen.metadata.name,
        attempt=seen.metadata.attempt,
        state=CONTAINER_STATES[seen.state],
        created_at=moment(seen.created_at),
        started_at=moment(seen.started_at),
        finished_at=moment(seen.finished_at),
        exit_code=seen.exit_code,
        reason=seen.reason,
        message=seen.message,
        image=seen.image.image,
        image_ref=seen.image_ref,
        image_id=seen.image_id,
        log_path=seen.log_path,
        pid=int(_info(answer.info).get("pid") or 0),
        labels=seen.labels,
        annotations=seen.annotations,
        mounts=tuple(_seen_mount(mount) for mount in seen.mounts),
        resources=None if limits is None else _seen_resources(limits),
    )


def _seen_mount(mount: parts.Mount) -> ours.Mount:
    return ours.Mount(
        container_path=mount.container_path,
        host_path=mount.host_path,
        readonly=mount.readonly,
        recursive_read_only=mount.recursive_read_only,
        propagation=ours.Propagation(mount.propagation),
        selinux_relabel=mount.selinux_relabel,
        image=mount.image.image if mount.image else "",
    )


def _seen_resources(limits: parts.LinuxContainerResources) -> ours.Resources:
    return ours.Resources(
        cpu_period=limits.cpu_period,
        cpu_quota=limits.cpu_quota,
        cpu_shares=limits.cpu_shares,
        memory_limit=limits.memory_limit_in_bytes,
        swap_limit=limits.memory_swap_limit_in_bytes,
        oom_score_adj=limits.oom_score_adj,
        cpuset_cpus=limits.cpuset_cpus,
        cpuset_mems=limits.cpuset_mems,
        hugepage_limits={page.page_size: page.limit for page in limits.hugepage_limits},
        unified=limits.unified,
    )


def stats(seen: containers.ContainerStats) -> ours.ContainerStats:
    attributes, memory, layer = seen.attributes, seen.memory, seen.writable_layer
    at = moment(seen.cpu.timestamp or memory.timestamp or layer.timestamp)
    return ours.ContainerStats(
        id=attributes.id,
        name=attributes.metadata.name,
        labels=attributes.labels,
        timestamp=at or datetime.fromtimestamp(0, UTC),
        cpu_nanoseconds=seen.cpu.usage_core_nano_seconds.value,
        memory_working_set=memory.working_set_bytes.value,
        memory_usage=memory.usage_bytes.value,
        memory_rss=memory.rss_bytes.value,
        page_faults=memory.page_faults.value,
        major_page_faults=memory.major_page_faults.value,
        rootfs_bytes=layer.used_bytes.value,
        rootfs_inodes=layer.inodes_used.value,
    )


def image(seen: node.Image) -> ours.Image:
    return ours.Image(
        id=seen.id,
        tags=seen.repo_tags,
        digests=seen.repo_digests,
        size=seen.size,
        uid=None if seen.uid is None else seen.uid.value,
        username=seen.username,
        pinned=seen.pinned,
    )


def filesystem(seen: parts.FilesystemUsage) -> ours.FilesystemUsage:
    return ours.FilesystemUsage(
        mountpoint=seen.fs_id.mountpoint,
        used_bytes=seen.used_bytes.value,
        inodes_used=seen.inodes_used.value,
    )


def runtime_status(answer: node.StatusResponse, cgroup_driver: str) -> ours.RuntimeStatus:
    conditions = {condition.type: condition for condition in answer.status.conditions}
    failing = [condition for condition in conditions.values() if not condition.status]
    return ours.RuntimeStatus(
        ready="RuntimeReady" in conditions and conditions["RuntimeReady"].status,
        network_ready="NetworkReady" in conditions and conditions["NetworkReady"].status,
        message="; ".join(f"{bad.type}: {bad.reason}: {bad.message}" for bad in failing),
        cgroup_driver=cgroup_driver,
        handlers=tuple(
            ours.Handler(
                name=handler.name,
                recursive_read_only_mounts=handler.features.recursive_read_only_mounts,
                user_namespaces=handler.features.user_namespaces,
            )
            for handler in answer.runtime_handlers
        ),
        supplemental_groups_policy=answer.features.supplemental_groups_policy,
    )


def cgroup_driver(config: node.RuntimeConfigResponse | None, info: Mapping[str, str]) -> str:
    """What the runtime says; before RuntimeConfig (containerd 1.x), what its configuration says."""
    if config is not None and config.linux is not None:
        return "systemd" if config.linux.cgroup_driver == node.SYSTEMD else "cgroupfs"
    tree = msgspec.json.decode(info.get("config") or "{}")
    runtimes = (tree.get("containerd") or {}).get("runtimes") or {}
    options = [(runtime or {}).get("options") or {} for runtime in runtimes.values()]
    return "systemd" if any(option.get("SystemdCgroup") for option in options) else "cgroupfs"
