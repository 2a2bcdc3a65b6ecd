"""Container validation: what a container may say, alone and beside the others of its Pod."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from wherry.api.core.container import (
    AppArmorProfile,
    Container,
    ContainerPort,
    EphemeralContainer,
    SeccompProfile,
    SecurityContext,
)
from wherry.api.core.envvalidation import validate_env, validate_env_from
from wherry.api.core.probevalidation import validate_lifecycle, validate_probe
from wherry.api.core.resourcevalidation import validate_requirements
from wherry.machinery.addresses import check_ip
from wherry.machinery.errors import (
    ErrorType,
    FieldError,
    duplicate,
    forbidden,
    invalid,
    required,
)
from wherry.machinery.names import (
    check_label,
    check_port,
    check_port_name,
    check_range,
)

AnyContainer = Container | EphemeralContainer

ONLY_SIDECARS = "may not be set for init containers without restartPolicy=Always"


class Surroundings:
    """What a container's rules need to know of its Pod."""

    __slots__ = ("claims", "grace", "host_network", "volumes")

    def __init__(
        self, grace: int, host_network: bool, volumes: Mapping[str, bool], claims: Collection[str]
    ) -> None:
        self.grace = grace
        self.host_network = host_network
        self.volumes = volumes  # by name; True for claims, which alone can be block devices
        self.claims = claims


def validate_containers(
    containers: tuple[Container, ...], path: str, around: Surroundings, seen: set[str]
) -> Iterator[FieldError]:
    """The main containers. seen: names that are taken, added to."""
    if not containers:
        yield required(path)
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        yield from _validate_container(container, where, around, seen)
        yield from _validate_runs(container, where, around)


def validate_init_containers(
    containers: tuple[Container, ...], path: str, around: Surroundings, seen: set[str]
) -> Iterator[FieldError]:
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        yield from _validate_container(container, where, around, seen)
        if container.restartPolicy == "Always":
            yield from _validate_runs(container, where, around)
            continue
        for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if getattr(container, field) is not None:
                yield forbidden(f"{where}.{field}", ONLY_SIDECARS)


NOT_EPHEMERAL = ("ports", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe", "resizePolicy")


def validate_ephemeral_containers(
    containers: tuple[EphemeralContainer, ...],
    path: str,
    around: Surroundings,
    seen: set[str],
    others: Collection[str],
) -> Iterator[FieldError]:
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        yield from _validate_container(container, where, around, seen)
        for field in NOT_EPHEMERAL:
            if getattr(container, field):
                yield forbidden(f"{where}.{field}", "cannot be set for an Ephemeral Container")
        if container.resources.limits or container.resources.requests:
            yield forbidden(f"{where}.resources", "cannot be set for an Ephemeral Container")
        for at, mount in enumerate(container.volumeMounts):
            if mount.subPath:
                yield forbidden(
                    f"{where}.volumeMounts[{at}].subPath", "cannot be set for an Ephemeral Container"
                )
        if container.targetContainerName and container.targetContainerName not in others:
            yield FieldError(
                f"{where}.targetContainerName", "", container.targetContainerName, ErrorType.NotFound
            )


def _validate_runs(container: Container, path: str, around: Surroundings) -> Iterator[FieldError]:
    """Hooks and probes: for containers that are there as long as their Pod."""
    grace = around.grace
    if container.lifecycle is not None:
        yield from validate_lifecycle(container.lifecycle, f"{path}.lifecycle", grace)
    if container.livenessProbe is not None:
        yield from validate_probe(
            container.livenessProbe, f"{path}.livenessProbe", kind="liveness", grace=grace
        )
    if container.readinessProbe is not None:
        yield from validate_probe(
            container.readinessProbe, f"{path}.readinessProbe", kind="readiness", grace=grace
        )
    if container.startupProbe is not None:
        yield from validate_probe(container.startupProbe, f"{path}.startupProbe", kind="startup", grace=grace)


def _validate_container(
    container: AnyContainer, path: str, around: Surroundings, seen: set[str]
) -> Iterator[FieldError]:
    name, image = container.name, container.image
    if not name:
        yield required(f"{path}.name")
    else:
        for problem in check_label(name):
            yield invalid(f"{path}.name", name, problem)
        if name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)
    if not image:
        yield required(f"{path}.image")
    elif image != image.strip():
        yield invalid(f"{path}.image", image, "must not have leading or trailing whitespace")
    if container.ports:
        yield from _validate_ports(container.ports, f"{path}.ports", around.host_network)
    if container.env:
        yield from validate_env(container.env, f"{path}.env")
    if container.envFrom:
        yield from validate_env_from(container.envFrom, f"{path}.envFrom")
    if container.volumeMounts:
        yield from _validate_mounts(container, path, around)
    if container.volumeDevices:
        yield from _validate_devices(container, path, around)
    yield from validate_requirements(container.resources, f"{path}.resources")
    for index, claim in enumerate(container.resources.claims):
        if claim.name not in around.claims:
            yield FieldError(f"{path}.resources.claims[{index}]", "", claim.name, ErrorType.NotFound)
    if container.securityContext is not None:
        yield from _validate_security(container.securityContext, f"{path}.securityContext")


def _validate_ports(ports: tuple[ContainerPort, ...], path: str, host_network: bool) -> Iterator[FieldError]:
    names: set[str] = set()
    for index, port in enumerate(ports):
        where = f"{path}[{index}]"
        if port.name:
            if problems := check_port_name(port.name):
                for problem in problems:
                    yield invalid(f"{where}.name", port.name, problem)
            elif port.name in names:
                yield duplicate(f"{where}.name", port.name)
            names.add(port.name)
        if port.containerPort == 0:
            yield required(f"{where}.containerPort")
        else:
            for problem in check_port(port.containerPort):
                yield invalid(f"{where}.containerPort", port.containerPort, problem)
        if port.hostPort:
            for problem in check_port(port.hostPort):
                yield invalid(f"{where}.hostPort", port.hostPort, problem)
        if host_network and (port.hostPort or 0) != port.containerPort:
            detail = "must match `containerPort` when `hostNetwork` is true"
            yield invalid(f"{where}.hostPort", port.hostPort or 0, detail)
        if not port.protocol:
            yield required(f"{where}.protocol")
        if port.hostIP:
            for problem in check_ip(port.hostIP):
                yield invalid(f"{where}.hostIP", port.hostIP, problem)


def _validate_mounts(container: AnyContainer, path: str, around: Surroundings) -> Iterator[FieldError]:
    places: set[str] = set()
    privileged = bool(container.securityContext and container.securityContext.privileged)
    for index, mount in enumerate(container.volumeMounts):
        where = f"{path}.volumeMounts[{index}]"
        if not mount.name:
            yield required(f"{where}.name")
        if mount.name not in around.volumes:
            yield FieldError(f"{where}.name", "", mount.name, ErrorType.NotFound)
        if not mount.mountPath:
            yield required(f"{where}.mountPath")
        if mount.mountPath in places:
            yield invalid(f"{where}.mountPath", mount.mountPath, "must be unique")
        places.add(mount.mountPath)
        if mount.subPath:
            for problem in check_local_path(mount.subPath):
                yield invalid(f"{where}.subPath", mount.subPath, problem)
        if mount.subPathExpr:
            if mount.subPath:
                yield invalid(
                    f"{where}.subPathExpr",
                    mount.subPathExpr,
                    "subPathExpr and subPath are mutually exclusive",
                )
            for problem in check_local_path(mount.subPathExpr):
                yield invalid(f"{where}.subPathExpr", mount.subPathExpr, problem)
        if mount.mountPropagation == "Bidirectional" and not privileged:
            detail = "Bidirectional mount propagation is available only to privileged containers"
            yield forbidden(f"{where}.mountPropagation", detail)
        if mount.recursiveReadOnly in ("Enabled", "IfPossible") and not mount.readOnly:
            yield forbidden(f"{where}.recursiveReadOnly", "may only be specified when readOnly is true")


def check_local_path(path: str) -> list[str]:
    """A path below something: it must not lead out of there."""
    if path.startswith("/"):
        return ["must be a relative path"]
    return ["must not contain '..'"] if ".." in path.split("/") else []


def _validate_devices(container: AnyContainer, path: str, around: Surroundings) -> Iterator[FieldError]:
    mounted = {mount.name for mount in container.volumeMounts}
    seen: set[str] = set()
    for index, device in enumerate(container.volumeDevices):
        where = f"{path}.volumeDevices[{index}]"
        if not device.name:
            yield required(f"{where}.name")
        elif not around.volumes.get(device.name, False):
            if device.name in around.volumes:
                detail = (
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
                )
                yield invalid(f"{where}.name", device.name, detail)
            else:
                yield FieldError(f"{where}.name", "", device.name, ErrorType.NotFound)
        if not device.devicePath:
            yield required(f"{where}.devicePath")
        elif device.devicePath in seen:
            yield invalid(f"{where}.devicePath", device.devicePath, "must be unique")
        seen.add(device.devicePath)
        if device.name in mounted:
            yield invalid(f"{where}.name", device.name, "must not already exist in volumeMounts")


def _validate_security(context: SecurityContext, path: str) -> Iterator[FieldError]:
    for field in ("runAsUser", "runAsGroup"):
        value = getattr(context, field)
        if value is not None:
            for problem in check_user(value):
                yield invalid(f"{path}.{field}", value, problem)
    if context.seccompProfile is not None:
        yield from validate_profile(context.seccompProfile, f"{path}.seccompProfile", check_local_path)
    if context.appArmorProfile is not None:
        yield from validate_profile(context.appArmorProfile, f"{path}.appArmorProfile", lambda text: [])
    if context.allowPrivilegeEscalation is False:
        if context.privileged:
            detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            yield invalid(path, context, detail)
        if context.capabilities is not None:
            for capability in context.capabilities.add:
                if capability == "CAP_SYS_ADMIN":
                    detail = (
                        "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
                    )
                    yield invalid(path, context, detail)


def check_user(value: int) -> list[str]:
    """A user or group: the limit is that of signed numbers of 32 bits."""
    return check_range(value, 0, 2**31 - 1)


def validate_profile(
    profile: SeccompProfile | AppArmorProfile, path: str, check: Callable[[str], list[str]]
) -> Iterator[FieldError]:
    """The name of a local profile goes with the type that says so. check: the rule for such names."""
    word = "seccomp" if isinstance(profile, SeccompProfile) else "AppArmor"
    local = profile.localhostProfile
    if not profile.type:
        yield required(f"{path}.type", "type is required when profile is set")
    if profile.type == "Localhost":
        if not local:
            yield required(f"{path}.localhostProfile", f"must be set when {word} type is Localhost")
        for problem in check(local):
            yield invalid(f"{path}.localhostProfile", local, problem)
    elif local:
        detail = f"can only be set when {word} type is Localhost"
        yield invalid(f"{path}.localhostProfile", local, detail)
