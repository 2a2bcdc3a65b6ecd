"""Security: what a pod's and a container's security contexts come to for the runtime."""

from __future__ import annotations

from typing import TypeVar

from wherry.api.core.container import (
    AppArmorProfile,
    Container,
    EphemeralContainer,
    PodSecurityContext,
    SeccompProfile,
    SecurityContext,
)
from wherry.api.core.container import SELinuxOptions as WantedSELinux
from wherry.api.core.pod import Pod
from wherry.node.runtimes import interface
from wherry.node.runtimes.interface import Image, NamespaceMode, Namespaces, ProfileType, SecurityProfile

T = TypeVar("T")

# Files of /proc and /sys that tell of the host, or change it.
MASKED = (
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
READONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


class NotAllowed(Exception):
    """The container may not run as the user that its image or spec names."""


def container_security(
    container: Container | EphemeralContainer, pod: Pod, image: Image | None, seccomp_folder: str = ""
) -> interface.SecurityContext:
    """What the container's process may do. NotAllowed if it must not be root and would be."""
    own = container.securityContext or SecurityContext()
    shared = pod.spec.securityContext or PodSecurityContext()
    privileged = bool(own.privileged)
    user = _first(own.runAsUser, shared.runAsUser)
    group = _first(own.runAsGroup, shared.runAsGroup)
    check_root(own, shared, user, image, pod, container.name)
    if user is None and image is not None and not image.username:
        user = image.uid
    capabilities = own.capabilities
    unmasked = privileged or own.procMount == "Unmasked"
    return interface.SecurityContext(
        privileged=privileged,
        run_as_user=user,
        run_as_group=group,
        run_as_username=image.username if user is None and image is not None else "",
        readonly_rootfs=bool(own.readOnlyRootFilesystem),
        supplemental_groups=supplemental_groups(shared),
        supplemental_groups_strict=shared.supplementalGroupsPolicy == "Strict",
        no_new_privs=own.allowPrivilegeEscalation is False,
        add_capabilities=capabilities.add if capabilities else (),
        drop_capabilities=capabilities.drop if capabilities else (),
        masked_paths=() if unmasked else MASKED,
        readonly_paths=() if unmasked else READONLY,
        seccomp=_seccomp(own.seccompProfile or shared.seccompProfile, privileged, seccomp_folder),
        apparmor=_apparmor(own.appArmorProfile or shared.appArmorProfile),
        selinux=_selinux(own.seLinuxOptions or shared.seLinuxOptions),
    )


def _first(one: T | None, other: T | None) -> T | None:
    return one if one is not None else other


def supplemental_groups(shared: PodSecurityContext) -> tuple[int, ...]:
    own_volumes = () if shared.fsGroup is None else (shared.fsGroup,)
    return tuple(dict.fromkeys((*shared.supplementalGroups, *own_volumes)))


def check_root(
    own: SecurityContext,
    shared: PodSecurityContext,
    user: int | None,
    image: Image | None,
    pod: Pod,
    name: str,
) -> None:
    """runAsNonRoot: refuses root, and users of which only the name is known."""
    if not _first(own.runAsNonRoot, shared.runAsNonRoot):
        return
    where = f'(pod: "{pod.metadata.name}_{pod.metadata.namespace}({pod.metadata.uid})", container: {name})'
    if user is not None:
        if user == 0:
            raise NotAllowed(f"container's runAsUser breaks non-root policy {where}")
        return
    if image is not None and image.username:
        raise NotAllowed(
            f"container has runAsNonRoot and image has non-numeric user ({image.username}), "
            f"cannot verify user is non-root {where}"
        )
    if image is None or not image.uid:
        raise NotAllowed(f"container has runAsNonRoot and image will run as root {where}")


def _seccomp(wanted: SeccompProfile | None, privileged: bool, folder: str) -> SecurityProfile:
    if privileged or wanted is None or wanted.type == "Unconfined":
        return SecurityProfile(type=ProfileType.UNCONFINED)
    if wanted.type == "Localhost":
        path = f"{folder.rstrip('/')}/{wanted.localhostProfile}"
        return SecurityProfile(type=ProfileType.LOCALHOST, localhost_ref=path)
    return SecurityProfile(type=ProfileType.RUNTIME_DEFAULT)


def _apparmor(wanted: AppArmorProfile | None) -> SecurityProfile | None:
    if wanted is None:
        return None
    match wanted.type:
        case "Unconfined":
            return SecurityProfile(type=ProfileType.UNCONFINED)
        case "Localhost":
            return SecurityProfile(type=ProfileType.LOCALHOST, localhost_ref=wanted.localhostProfile)
    return SecurityProfile(type=ProfileType.RUNTIME_DEFAULT)


def _selinux(wanted: WantedSELinux | None) -> interface.SELinuxOptions | None:
    if wanted is None:
        return None
    return interface.SELinuxOptions(user=wanted.user, role=wanted.role, type=wanted.type, level=wanted.level)


def sandbox_security(pod: Pod, seccomp_folder: str = "") -> interface.SecurityContext:
    shared = pod.spec.securityContext or PodSecurityContext()
    containers = (*pod.spec.initContainers, *pod.spec.containers)
    privileged = any(c.securityContext is not None and c.securityContext.privileged for c in containers)
    return interface.SecurityContext(
        privileged=privileged,
        run_as_user=shared.runAsUser,
        run_as_group=shared.runAsGroup,
        supplemental_groups=supplemental_groups(shared),
        seccomp=_seccomp(shared.seccompProfile, False, seccomp_folder)
        if shared.seccompProfile
        else SecurityProfile(type=ProfileType.RUNTIME_DEFAULT),
        apparmor=_apparmor(shared.appArmorProfile),
        selinux=_selinux(shared.seLinuxOptions),
    )


def namespaces(pod: Pod, target: str = "") -> Namespaces:
    """Whose namespaces are joined; `target` is the container that an ephemeral one looks into."""
    spec = pod.spec
    pid = NamespaceMode.CONTAINER
    if spec.hostPID:
        pid = NamespaceMode.NODE
    elif target:
        pid = NamespaceMode.TARGET
    elif spec.shareProcessNamespace:
        pid = NamespaceMode.POD
    return Namespaces(
        network=NamespaceMode.NODE if spec.hostNetwork else NamespaceMode.POD,
        ipc=NamespaceMode.NODE if spec.hostIPC else NamespaceMode.POD,
        pid=pid,
        target=target if pid is NamespaceMode.TARGET else "",
    )
