"""CRI requests: the runtime interface's structs as CRI messages. Pure."""

from __future__ import annotations

import msgspec

from wherry.node.runtimes import interface as ours
from wherry.node.runtimes.cri import containers, node, parts, sandboxes

PROTOCOLS = ("TCP", "UDP", "SCTP")


def sandbox_config(pod: ours.SandboxConfig) -> sandboxes.PodSandboxConfig:
    dns = pod.dns
    return sandboxes.PodSandboxConfig(
        metadata=sandboxes.PodSandboxMetadata(
            name=pod.name, uid=pod.uid, namespace=pod.namespace, attempt=pod.attempt
        ),
        hostname=pod.hostname,
        log_directory=pod.log_directory,
        dns_config=None
        if dns is None
        else sandboxes.DNSConfig(servers=dns.servers, searches=dns.searches, options=dns.options),
        port_mappings=tuple(
            sandboxes.PortMapping(
                protocol=PROTOCOLS.index(port.protocol),
                container_port=port.container_port,
                host_port=port.host_port,
                host_ip=port.host_ip,
            )
            for port in pod.ports
        ),
        labels=pod.labels,
        annotations=pod.annotations,
        linux=sandboxes.LinuxPodSandboxConfig(
            cgroup_parent=pod.cgroup_parent,
            security_context=_sandbox_security(pod),
            sysctls=pod.sysctls,
            overhead=None if pod.overhead is None else resources(pod.overhead),
            resources=None if pod.resources is None else resources(pod.resources),
        ),
    )


def _sandbox_security(pod: ours.SandboxConfig) -> sandboxes.LinuxSandboxSecurityContext:
    context = pod.security
    return sandboxes.LinuxSandboxSecurityContext(
        namespace_options=_namespaces(pod.namespaces),
        selinux_options=_selinux(context.selinux),
        run_as_user=_int64(context.run_as_user),
        run_as_group=_int64(context.run_as_group),
        readonly_rootfs=context.readonly_rootfs,
        supplemental_groups=context.supplemental_groups,
        supplemental_groups_policy=int(context.supplemental_groups_strict),
        privileged=context.privileged,
        seccomp=_profile(context.seccomp),
        apparmor=_profile(context.apparmor),
    )


def container_config(container: ours.ContainerConfig) -> containers.ContainerConfig:
    signal = container.stop_signal
    return containers.ContainerConfig(
        metadata=containers.ContainerMetadata(name=container.name, attempt=container.attempt),
        image=parts.ImageSpec(image=container.image, user_specified_image=container.user_specified_image),
        command=container.command,
        args=container.args,
        working_dir=container.working_dir,
        envs=tuple(parts.KeyValue(key=key, value=value) for key, value in container.env),
        mounts=tuple(_mount(mount) for mount in container.mounts),
        devices=tuple(
            containers.Device(
                container_path=device.container_path,
                host_path=device.host_path,
                permissions=device.permissions,
            )
            for device in container.devices
        ),
        CDI_devices=tuple(containers.CDIDevice(name=name) for name in container.cdi_devices),
        labels=container.labels,
        annotations=container.annotations,
        log_path=container.log_path,
        stdin=container.stdin,
        stdin_once=container.stdin_once,
        tty=container.tty,
        linux=containers.LinuxContainerConfig(
            resources=resources(container.resources), security_context=_container_security(container)
        ),
        stop_signal=containers.SIGNALS.index(signal) if signal else 0,
    )


def _container_security(container: ours.ContainerConfig) -> containers.LinuxContainerSecurityContext:
    context = container.security
    return containers.LinuxContainerSecurityContext(
        capabilities=containers.Capability(
            add_capabilities=context.add_capabilities, drop_capabilities=context.drop_capabilities
        ),
        privileged=context.privileged,
        namespace_options=_namespaces(container.namespaces),
        selinux_options=_selinux(context.selinux),
        run_as_user=_int64(context.run_as_user),
        run_as_group=_int64(context.run_as_group),
        run_as_username=context.run_as_username,
        readonly_rootfs=context.readonly_rootfs,
        supplemental_groups=context.supplemental_groups,
        supplemental_groups_policy=int(context.supplemental_groups_strict),
        no_new_privs=context.no_new_privs,
        masked_paths=context.masked_paths,
        readonly_paths=context.readonly_paths,
        seccomp=_profile(context.seccomp),
        apparmor=_profile(context.apparmor),
    )


def resources(limits: ours.Resources) -> parts.LinuxContainerResources:
    return parts.LinuxContainerResources(
        cpu_period=limits.cpu_period,
        cpu_quota=limits.cpu_quota,
        cpu_shares=limits.cpu_shares,
        memory_limit_in_bytes=limits.memory_limit,
        memory_swap_limit_in_bytes=limits.swap_limit,
        oom_score_adj=limits.oom_score_adj,
        cpuset_cpus=limits.cpuset_cpus,
        cpuset_mems=limits.cpuset_mems,
        hugepage_limits=tuple(
            parts.HugepageLimit(page_size=size, limit=limit) for size, limit in limits.hugepage_limits.items()
        ),
        unified=limits.unified,
    )


def auth_config(auth: ours.Auth) -> node.AuthConfig:
    return node.AuthConfig(**msgspec.structs.asdict(auth))


def _mount(mount: ours.Mount) -> parts.Mount:
    return parts.Mount(
        container_path=mount.container_path,
        host_path=mount.host_path,
        readonly=mount.readonly,
        recursive_read_only=mount.recursive_read_only,
        propagation=mount.propagation.value,
        selinux_relabel=mount.selinux_relabel,
        image=parts.ImageSpec(image=mount.image) if mount.image else None,
        image_sub_path=mount.image_sub_path,
        uidMappings=_id_mappings(mount.uid_mappings),
        gidMappings=_id_mappings(mount.gid_mappings),
    )


def _namespaces(options: ours.Namespaces) -> parts.NamespaceOption:
    user = None
    if options.user:
        user = parts.UserNamespace(uids=_id_mappings(options.user), gids=_id_mappings(options.group))
    return parts.NamespaceOption(
        network=options.network.value,
        pid=options.pid.value,
        ipc=options.ipc.value,
        target_id=options.target,
        userns_options=user,
    )


def _id_mappings(mappings: tuple[ours.IDMapping, ...]) -> tuple[parts.IDMapping, ...]:
    return tuple(parts.IDMapping(**msgspec.structs.asdict(mapping)) for mapping in mappings)


def _selinux(options: ours.SELinuxOptions | None) -> parts.SELinuxOption | None:
    return None if options is None else parts.SELinuxOption(**msgspec.structs.asdict(options))


def _profile(profile: ours.SecurityProfile | None) -> parts.SecurityProfile | None:
    if profile is None:
        return None
    return parts.SecurityProfile(profile_type=profile.type.value, localhost_ref=profile.localhost_ref)


def _int64(value: int | None) -> parts.Int64Value | None:
    return None if value is None else parts.Int64Value(value=value)
