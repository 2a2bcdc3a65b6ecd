"""Container config: everything that the runtime is told of a sandbox or a container, put together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from wherry.api.core.container import Container, EphemeralContainer, VolumeMount
from wherry.api.core.pod import Pod
from wherry.machinery import times
from wherry.node import environment, hosts, identity, resources, security
from wherry.node.config import AgentConfig
from wherry.node.runtimes.interface import (
    ContainerConfig,
    Device,
    DNSConfig,
    Image,
    Mount,
    PortMapping,
    Propagation,
    SandboxConfig,
)
from wherry.node.volumes.interface import Mounted, VolumeFailure

PROPAGATION = {
    "HostToContainer": Propagation.HOST_TO_CONTAINER,
    "Bidirectional": Propagation.BIDIRECTIONAL,
}
HOSTS = "/etc/hosts"


def sandbox_config(
    pod: Pod,
    attempt: int,
    config: AgentConfig,
    host_dns: DNSConfig,
    *,
    driver: str = "cgroupfs",
    handler: str = "",
    now: datetime | None = None,
) -> SandboxConfig:
    meta, spec = pod.metadata, pod.spec
    shared = spec.securityContext
    annotations = {
        **meta.annotations,
        identity.CONFIG_SOURCE: "api",
        identity.NODE: config.node_name,
    }
    if now is not None:
        annotations[identity.CONFIG_SEEN] = times.format_micro(now)
    return SandboxConfig(
        name=meta.name,
        namespace=meta.namespace,
        uid=meta.uid,
        attempt=attempt,
        hostname=hosts.hostname(pod, config.cluster_domain),
        log_directory=str(config.pod_logs(meta.namespace, meta.name, meta.uid)),
        dns=hosts.dns_config(pod, config.cluster_dns, config.cluster_domain, host_dns),
        ports=() if spec.hostNetwork else port_mappings(pod),
        labels={**meta.labels, **identity.pod_labels(pod)},
        annotations=annotations,
        cgroup_parent=resources.cgroup_parent(pod, config.cgroup_root, driver),
        sysctls={each.name: each.value for each in shared.sysctls} if shared else {},
        namespaces=security.namespaces(pod),
        security=security.sandbox_security(pod, config.seccomp_folder),
        resources=resources.pod_resources(pod),
        runtime_handler=handler,
    )


def port_mappings(pod: Pod) -> tuple[PortMapping, ...]:
    """The ports of the node that lead to the pod."""
    return tuple(
        PortMapping(
            container_port=port.containerPort,
            host_port=port.hostPort,
            protocol=port.protocol or "TCP",
            host_ip=port.hostIP,
        )
        for container in (*pod.spec.initContainers, *pod.spec.containers)
        for port in container.ports
        if port.hostPort
    )


def container_config(
    pod: Pod,
    container: Container | EphemeralContainer,
    attempt: int,
    backoff: float,
    *,
    image: Image,
    env: Mapping[str, str],
    mounts: tuple[Mount, ...],
    config: AgentConfig,
    machine: resources.Machine,
    message_file: str,
    target: str = "",
    volumes: Mapping[str, Mounted] = {},
) -> ContainerConfig:
    """NotAllowed if the container must not run as the user it would run as."""
    return ContainerConfig(
        name=container.name,
        image=image.id,
        user_specified_image=container.image,
        attempt=attempt,
        command=environment.expand_all(container.command, env),
        args=environment.expand_all(container.args, env),
        working_dir=container.workingDir,
        env=tuple(env.items()),
        mounts=mounts,
        devices=tuple(
            Device(container_path=each.devicePath, host_path=volumes[each.name].path)
            for each in container.volumeDevices
        ),
        labels={**identity.pod_labels(pod), identity.CONTAINER_NAME: container.name},
        annotations=identity.container_annotations(pod, container, attempt, backoff, message_file),
        log_path=f"{container.name}/{attempt}.log",
        stdin=container.stdin,
        stdin_once=container.stdinOnce,
        tty=container.tty,
        namespaces=security.namespaces(pod, target),
        security=security.container_security(container, pod, image, config.seccomp_folder),
        resources=resources.container_resources(container, pod, machine),
        stop_signal=container.lifecycle.stopSignal.removeprefix("SIG") if container.lifecycle else "",
    )


def volume_mount(mount: VolumeMount, mounted: Mounted, host_path: str) -> Mount:
    if mounted.image:
        return Mount(
            container_path=_absolute(mount.mountPath),
            image=mounted.image,
            image_sub_path=mount.subPath,
            readonly=True,
        )
    return Mount(
        container_path=_absolute(mount.mountPath),
        host_path=host_path,
        readonly=mount.readOnly or mounted.readonly,
        recursive_read_only=mount.recursiveReadOnly == "Enabled",
        propagation=PROPAGATION.get(mount.mountPropagation, Propagation.PRIVATE),
    )


def _absolute(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


def subpath_of(mount: VolumeMount, env: Mapping[str, str]) -> str:
    """subPath, or subPathExpr with the container's variables in it."""
    if not mount.subPathExpr:
        return mount.subPath
    expanded = environment.expand(mount.subPathExpr, env)
    if "$(" in expanded:
        raise VolumeFailure(f"subPathExpr {mount.subPathExpr!r} names a variable that the container lacks")
    return expanded


def own_mounts(
    container: Container | EphemeralContainer, hosts_file: Path, message_file: Path
) -> tuple[Mount, ...]:
    """What every container gets besides its volumes: the pod's /etc/hosts, a place for its last words."""
    taken = {mount.mountPath.rstrip("/") for mount in container.volumeMounts}
    mounts = []
    if HOSTS not in taken:
        mounts.append(Mount(container_path=HOSTS, host_path=str(hosts_file)))
    if container.terminationMessagePath and container.terminationMessagePath not in taken:
        mounts.append(Mount(container_path=container.terminationMessagePath, host_path=str(message_file)))
    return tuple(mounts)
