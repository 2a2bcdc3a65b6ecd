"""Starting: how a sandbox and a container come up: image, environment, volumes, create, start, postStart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from wherry.api.core.configmap import ConfigMap
from wherry.api.core.container import Container, EphemeralContainer
from wherry.api.core.pod import Pod
from wherry.api.core.secret import Secret
from wherry.api.node.runtimeclass import RuntimeClass
from wherry.machinery.errors import StatusError
from wherry.node import environment, hosts, resources
from wherry.node.containerconfig import (
    container_config,
    own_mounts,
    sandbox_config,
    subpath_of,
    volume_mount,
)
from wherry.node.downward import Surroundings, UnknownField
from wherry.node.environment import Missing, Sources
from wherry.node.facts import Failure, Start, StartSandbox
from wherry.node.hooks import HookFailure, run_hook
from wherry.node.runtimes.interface import (
    ContainerConfig,
    DNSConfig,
    Image,
    Mount,
    RuntimeFailure,
    SandboxConfig,
)
from wherry.node.security import NotAllowed
from wherry.node.tools import Tools
from wherry.node.volumes.interface import VolumeFailure
from wherry.node.volumes.podvolumes import PodVolumes
from wherry.node.volumes.subpath import bind_subpath

HOSTS_FILE = Path("/etc/hosts")
SERVICES_TIMEOUT = 2.0  # seconds to wait for the list of services before a container starts without it

Report = Callable[[str, str, str], None]


class Failed(Exception):
    """A step went wrong; `failure` is what the pod's status says of it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(reason=reason, message=message)


class Starter:
    """Brings up one pod's sandbox and containers."""

    def __init__(self, tools: Tools, volumes: PodVolumes) -> None:
        self._tools = tools
        self._volumes = volumes
        self.sandbox: SandboxConfig | None = None

    async def config_of(self, pod: Pod, attempt: int) -> SandboxConfig:
        tools = self._tools
        handler = ""
        if pod.spec.runtimeClassName:
            found = await tools.client.find(RuntimeClass, pod.spec.runtimeClassName)
            if found is None:
                raise Failed("", f'RuntimeClass "{pod.spec.runtimeClassName}" not found')
            handler = found.handler
        return sandbox_config(
            pod,
            attempt,
            tools.config,
            self.host_dns(),
            driver=tools.status.cgroup_driver,
            handler=handler,
            now=tools.clock.now(),
        )

    def host_dns(self) -> DNSConfig:
        try:
            return hosts.parse_resolv_conf(self._tools.config.resolv_conf.read_text())
        except OSError:
            return DNSConfig()

    async def start_sandbox(self, pod: Pod, start: StartSandbox) -> str:
        tools = self._tools
        if start.attempt > 0:
            message = "Pod sandbox changed, it will be killed and re-created."
            tools.recorder.pod_event(pod, "Normal", "SandboxChanged", message)
        self.sandbox = await self.config_of(pod, start.attempt)
        self._make_places(pod, self.sandbox)
        try:
            box = await tools.runtime.run_sandbox(self.sandbox)
        except RuntimeFailure as error:
            message = f"Failed to create pod sandbox: {error}"
            tools.recorder.pod_event(pod, "Warning", "FailedCreatePodSandBox", message)
            raise Failed("", message) from error
        await tools.observer.look_at_box(pod.metadata.uid, box)
        return box

    def _make_places(self, pod: Pod, sandbox: SandboxConfig) -> None:
        Path(sandbox.log_directory).mkdir(parents=True, exist_ok=True)
        if self._tools.config.may_mount and self._tools.status.cgroup_driver == "cgroupfs":
            self._tools.cgroups.make(sandbox.cgroup_parent, resources.pod_resources(pod))

    async def start(self, pod: Pod, start: Start, ips: tuple[str, ...]) -> None:
        """One container from image to postStart. Failed says where it stopped."""
        container = container_of(pod, start.name)

        def report(type: str, reason: str, message: str) -> None:
            self._tools.recorder.pod_event(pod, type, reason, message, start.name)

        if self.sandbox is None:
            box = self._tools.observer.pods[pod.metadata.uid].boxes.get(start.box)
            self.sandbox = await self.config_of(pod, box.attempt if box else 0)
        image = await self._image(pod, container, report)
        config = await self._config(pod, container, start, image, ips, report)
        run = await self._create(start, config, report)
        await self._begin(pod, container, start, run, ips, report)

    async def _image(self, pod: Pod, container: Container | EphemeralContainer, report: Report) -> Image:
        tools = self._tools
        names = [each.name for each in pod.spec.imagePullSecrets if each.name]
        secrets = await asyncio.gather(
            *(tools.objects.secret(pod.metadata.namespace, name) for name in names)
        )
        try:
            return await tools.images.ensure(
                container.image,
                container.imagePullPolicy,
                pod,
                [secret for secret in secrets if secret is not None],
                self.sandbox,
                report,
            )
        except RuntimeFailure as error:
            raise Failed("ImageInspectError", str(error)) from error

    async def _config(
        self,
        pod: Pod,
        container: Container | EphemeralContainer,
        start: Start,
        image: Image,
        ips: tuple[str, ...],
        report: Report,
    ) -> ContainerConfig:
        try:
            env = await self._environment(pod, container, ips)
            message_file = self._message_file(pod, start)
            hosts_file = self._hosts_file(pod, ips)
            mounts = self._mounts(pod, container, env) + own_mounts(container, hosts_file, message_file)
            config = container_config(
                pod,
                container,
                start.attempt,
                start.backoff,
                image=image,
                env=env,
                mounts=mounts,
                config=self._tools.config,
                machine=resources.Machine(memory=self._tools.machine.memory),
                message_file=str(message_file),
                target=self._target(pod, container),
                volumes=self._volumes.mounted,
            )
        except (Missing, UnknownField, NotAllowed, VolumeFailure, StatusError, OSError) as error:
            report("Warning", "Failed", f"Error: {error}")
            raise Failed("CreateContainerConfigError", str(error)) from error
        (self._tools.config.pod_logs(*_names(pod)) / container.name).mkdir(parents=True, exist_ok=True)
        return config

    def _target(self, pod: Pod, container: Container | EphemeralContainer) -> str:
        if not isinstance(container, EphemeralContainer) or not container.targetContainerName:
            return ""
        view = self._tools.observer.pods.get(pod.metadata.uid)
        runs = view.newest_runs() if view else ()
        return next((run.id for run in runs if run.name == container.targetContainerName), "")

    async def _environment(
        self, pod: Pod, container: Container | EphemeralContainer, ips: tuple[str, ...]
    ) -> dict[str, str]:
        tools, namespace = self._tools, pod.metadata.namespace
        wanted = dict.fromkeys(environment.references(container))

        async def look(kind: type[ConfigMap | Secret], name: str) -> ConfigMap | Secret | None:
            if kind is Secret:
                return await tools.objects.secret(namespace, name)
            return await tools.objects.configmap(namespace, name)

        found = await asyncio.gather(*(look(*reference) for reference in wanted))
        pairs = list(zip(wanted, found, strict=True))
        sources = Sources(
            configmaps={ref[1]: each for ref, each in pairs if each is None or isinstance(each, ConfigMap)},
            secrets={ref[1]: each for ref, each in pairs if each is None or isinstance(each, Secret)},
        )
        await self._services_known()
        services = environment.service_variables(
            tools.services, namespace, links=pod.spec.enableServiceLinks is not False
        )
        return environment.environment(container, pod, sources, self.surroundings(ips), services)

    async def _services_known(self) -> None:
        if self._tools.services.is_synced:
            return
        try:
            async with asyncio.timeout(SERVICES_TIMEOUT):
                await self._tools.services.synced()
        except TimeoutError:
            pass  # the API is away; the container can do without

    def surroundings(self, ips: tuple[str, ...]) -> Surroundings:
        config = self._tools.config
        machine = self._tools.machine
        return Surroundings(
            node=config.node_name,
            host_ips=config.host_ips,
            pod_ips=ips,
            allocatable={
                "cpu": str(machine.cpus),
                "memory": str(machine.memory),
                "ephemeral-storage": str(machine.storage),
            },
        )

    def _message_file(self, pod: Pod, start: Start) -> Path:
        folder = self._volumes.folder / "containers" / start.name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{start.attempt}.termination"
        path.touch()
        path.chmod(0o666)
        return path

    def _hosts_file(self, pod: Pod, ips: tuple[str, ...]) -> Path:
        path = self._volumes.folder / "etc-hosts"
        host = HOSTS_FILE.read_text() if pod.spec.hostNetwork else ""
        text = hosts.hosts_file(pod, ips, self._tools.config.cluster_domain, host)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            path.chmod(0o644)
        return path

    def _mounts(
        self, pod: Pod, container: Container | EphemeralContainer, env: dict[str, str]
    ) -> tuple[Mount, ...]:
        mounts = []
        for index, mount in enumerate(container.volumeMounts):
            mounted = self._volumes.mounted.get(mount.name)
            if mounted is None:
                raise VolumeFailure(f'volume "{mount.name}" is not mounted')
            path = mounted.path
            subpath = subpath_of(mount, env)
            if subpath and not mounted.image:
                place = self._volumes.folder / "volume-subpaths" / mount.name / container.name / str(index)
                path = str(bind_subpath(Path(mounted.path), subpath, place))
            mounts.append(volume_mount(mount, mounted, path))
        return tuple(mounts)

    async def _create(self, start: Start, config: ContainerConfig, report: Report) -> str:
        assert self.sandbox is not None
        try:
            run = await self._tools.runtime.create_container(start.box, config, self.sandbox)
        except RuntimeFailure as error:
            report("Warning", "Failed", f"Error: {error}")
            raise Failed("CreateContainerError", str(error)) from error
        report("Normal", "Created", "Container created")
        return run

    async def _begin(
        self,
        pod: Pod,
        container: Container | EphemeralContainer,
        start: Start,
        run: str,
        ips: tuple[str, ...],
        report: Report,
    ) -> None:
        tools = self._tools
        try:
            await tools.runtime.start_container(run)
        except RuntimeFailure as error:
            report("Warning", "Failed", f"Error: {error}")
            raise Failed("RunContainerError", str(error)) from error
        finally:
            await tools.observer.look_at_run(pod.metadata.uid, run, start.box)
        report("Normal", "Started", "Container started")
        hook = container.lifecycle.postStart if container.lifecycle else None
        if hook is None:
            return
        host = ips[0] if ips else tools.config.node_ip
        try:
            await run_hook(hook, container, run, host, tools.runtime)
        except HookFailure as error:
            report("Warning", "FailedPostStartHook", f"PostStartHook failed: {error}")
            raise Failed("PostStartHookError", str(error)) from error


def container_of(pod: Pod, name: str) -> Container | EphemeralContainer:
    containers: list[Container | EphemeralContainer] = [*pod.spec.initContainers, *pod.spec.containers]
    containers += pod.spec.ephemeralContainers
    return next(container for container in containers if container.name == name)


def _names(pod: Pod) -> tuple[str, str, str]:
    return pod.metadata.namespace, pod.metadata.name, pod.metadata.uid
