"""CRI runtime: any runtime that serves the Container Runtime Interface v1, such as CRI-O."""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from collections.abc import AsyncIterator, Mapping, Sequence

from wherry.machinery.clock import Clock
from wherry.node.runtimes import netns
from wherry.node.runtimes.channel import Channel
from wherry.node.runtimes.cri import answers, containers, node, parts, requests, sandboxes, streaming
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
    NotFound,
    Resources,
    RuntimeFailure,
    RuntimeStatus,
    Sandbox,
    SandboxConfig,
    SandboxStatus,
    Session,
    TimedOut,
    Unavailable,
    Unsupported,
    Version,
)
from wherry.node.runtimes.protobuf import Message

RUNTIME = "/runtime.v1.RuntimeService"
IMAGES = "/runtime.v1.ImageService"

QUICK = 20.0  # seconds for calls that only ask
SLOW = 240.0  # seconds for calls that build or tear down: upstream's runtimeRequestTimeout, doubled
RETRY, LONGEST_RETRY = 0.05, 1.0  # seconds between attempts to hear events again; doubles
POLL = 1.0  # seconds between lists, where a runtime has no events

EVENTS: Mapping[int, EventKind] = {1: EventKind.STARTED, 2: EventKind.EXITED, 3: EventKind.DELETED}

log = logging.getLogger(__name__)


class CriRuntime:
    """The runtime interface spoken in CRI. Containerd's own abilities are in a class on top of this one."""

    def __init__(self, socket_path: str, clock: Clock) -> None:
        self.socket = socket_path
        self.clock = clock
        self.channel = Channel(socket_path)

    # --- the runtime itself ---

    async def version(self) -> Version:
        asked = node.VersionRequest(version="v1")
        answer = await self.channel.call(f"{RUNTIME}/Version", asked, node.VersionResponse, within=QUICK)
        return Version(
            name=answer.runtime_name, version=answer.runtime_version, api_version=answer.runtime_api_version
        )

    async def status(self) -> RuntimeStatus:
        answer = await self.channel.call(
            f"{RUNTIME}/Status", node.StatusRequest(verbose=True), node.StatusResponse, within=QUICK
        )
        config = None
        try:
            config = await self.channel.call(
                f"{RUNTIME}/RuntimeConfig", node.Empty(), node.RuntimeConfigResponse, within=QUICK
            )
        except Unsupported:
            log.debug("runtime does not tell its cgroup driver", extra={"socket": self.socket})
        return answers.runtime_status(answer, answers.cgroup_driver(config, answer.info))

    async def close(self) -> None:
        await self.channel.close()

    # --- sandboxes ---

    async def run_sandbox(self, config: SandboxConfig) -> str:
        asked = sandboxes.RunPodSandboxRequest(
            config=requests.sandbox_config(config), runtime_handler=config.runtime_handler
        )
        method = f"{RUNTIME}/RunPodSandbox"
        try:
            answer = await self.channel.call(method, asked, sandboxes.RunPodSandboxResponse, within=SLOW)
        except Unavailable:
            raise
        except RuntimeFailure:
            await self._clear_attempt(config)
            raise
        return answer.pod_sandbox_id

    async def _clear_attempt(self, config: SandboxConfig) -> None:
        """A sandbox that failed to start can keep its name reserved: remove what there is of it."""
        failed = (config.uid, config.attempt)
        for seen in await self.list_sandboxes():
            if (seen.uid, seen.attempt) == failed:
                await self.stop_sandbox(seen.id)
                await self.remove_sandbox(seen.id)

    async def stop_sandbox(self, sandbox: str) -> None:
        await self._do("StopPodSandbox", sandboxes.PodSandboxRequest(pod_sandbox_id=sandbox))

    async def remove_sandbox(self, sandbox: str) -> None:
        await self._do("RemovePodSandbox", sandboxes.PodSandboxRequest(pod_sandbox_id=sandbox))

    async def list_sandboxes(self) -> Sequence[Sandbox]:
        answer = await self.channel.call(
            f"{RUNTIME}/ListPodSandbox", node.Empty(), sandboxes.ListPodSandboxResponse, within=QUICK
        )
        return [answers.sandbox(seen) for seen in answer.items]

    async def sandbox_status(self, sandbox: str) -> SandboxStatus:
        asked = sandboxes.PodSandboxStatusRequest(pod_sandbox_id=sandbox, verbose=True)
        method = f"{RUNTIME}/PodSandboxStatus"
        answer = await self.channel.call(method, asked, sandboxes.PodSandboxStatusResponse, within=QUICK)
        return answers.sandbox_status(answer)

    async def dial(self, sandbox: str, port: int) -> socket.socket:
        status = await self.sandbox_status(sandbox)
        return await netns.connect(status.netns, port)

    # --- containers ---

    async def create_container(self, sandbox: str, config: ContainerConfig, pod: SandboxConfig) -> str:
        asked = containers.CreateContainerRequest(
            pod_sandbox_id=sandbox,
            config=requests.container_config(config),
            sandbox_config=requests.sandbox_config(pod),
        )
        method = f"{RUNTIME}/CreateContainer"
        answer = await self.channel.call(method, asked, containers.CreateContainerResponse, within=SLOW)
        return answer.container_id

    async def start_container(self, container: str) -> None:
        asked = containers.ContainerRequest(container_id=container)
        await self.channel.call(f"{RUNTIME}/StartContainer", asked, node.Empty, within=SLOW)

    async def stop_container(self, container: str, grace: float) -> None:
        asked = containers.StopContainerRequest(container_id=container, timeout=math.ceil(grace))
        await self._do("StopContainer", asked, within=SLOW + grace)

    async def remove_container(self, container: str) -> None:
        await self._do("RemoveContainer", containers.ContainerRequest(container_id=container))

    async def list_containers(self, sandbox: str = "") -> Sequence[Container]:
        only = containers.ContainerFilter(pod_sandbox_id=sandbox) if sandbox else None
        asked = containers.ListContainersRequest(filter=only)
        method = f"{RUNTIME}/ListContainers"
        answer = await self.channel.call(method, asked, containers.ListContainersResponse, within=QUICK)
        return [answers.container(seen) for seen in answer.containers]

    async def container_status(self, container: str) -> ContainerStatus:
        asked = containers.ContainerStatusRequest(container_id=container, verbose=True)
        method = f"{RUNTIME}/ContainerStatus"
        answer = await self.channel.call(method, asked, containers.ContainerStatusResponse, within=QUICK)
        return answers.container_status(answer)

    async def update_resources(self, container: str, resources: Resources) -> None:
        asked = containers.UpdateContainerResourcesRequest(
            container_id=container, linux=requests.resources(resources)
        )
        await self.channel.call(f"{RUNTIME}/UpdateContainerResources", asked, node.Empty, within=QUICK)

    async def reopen_log(self, container: str) -> None:
        asked = containers.ContainerRequest(container_id=container)
        await self.channel.call(f"{RUNTIME}/ReopenContainerLog", asked, node.Empty, within=QUICK)

    async def stats(self, sandbox: str = "") -> Sequence[ContainerStats]:
        only = containers.ContainerStatsFilter(pod_sandbox_id=sandbox) if sandbox else None
        asked = containers.ListContainerStatsRequest(filter=only)
        method = f"{RUNTIME}/ListContainerStats"
        answer = await self.channel.call(method, asked, containers.ListContainerStatsResponse, within=QUICK)
        # containerd lists those that have exited too, with nothing measured.
        measured = [seen for seen in answer.stats if seen.cpu.timestamp or seen.memory.timestamp]
        return [answers.stats(seen) for seen in measured]

    async def _do(self, name: str, asked: Message, within: float = SLOW) -> None:
        """Stop or remove something; that it is gone already is as good."""
        try:
            await self.channel.call(f"{RUNTIME}/{name}", asked, node.Empty, within=within)
        except NotFound:
            log.debug("nothing left to stop or remove", extra={"call": name})

    # --- processes ---

    async def exec_sync(self, container: str, command: Sequence[str], limit: float = 0) -> ExecResult:
        asked = containers.ExecSyncRequest(
            container_id=container, cmd=tuple(command), timeout=math.ceil(limit)
        )
        within = limit + QUICK if limit else None
        method = f"{RUNTIME}/ExecSync"
        try:
            answer = await self.channel.call(method, asked, containers.ExecSyncResponse, within=within)
        except RuntimeFailure as error:
            # Runtimes tell this with different codes, but the same words.
            if limit and ("exceeded" in str(error) or "timed out" in str(error)):
                raise TimedOut(f"command {list(command)} took longer than {limit:g} s") from None
            raise
        return ExecResult(stdout=answer.stdout, stderr=answer.stderr, exit_code=answer.exit_code)

    async def exec(
        self, container: str, command: Sequence[str], *, tty: bool = False, stdin: bool = False
    ) -> Session:
        asked = containers.ExecRequest(
            container_id=container, cmd=tuple(command), tty=tty, stdin=stdin, stdout=True, stderr=not tty
        )
        method = f"{RUNTIME}/Exec"
        answer = await self.channel.call(method, asked, containers.StreamingResponse, within=QUICK)
        return await streaming.connect(answer.url, tty=tty, stdin=stdin)

    async def attach(self, container: str, *, tty: bool = False, stdin: bool = False) -> Session:
        asked = containers.AttachRequest(
            container_id=container, tty=tty, stdin=stdin, stdout=True, stderr=not tty
        )
        method = f"{RUNTIME}/Attach"
        answer = await self.channel.call(method, asked, containers.StreamingResponse, within=QUICK)
        return await streaming.connect(answer.url, tty=tty, stdin=stdin)

    # --- images ---

    async def list_images(self) -> Sequence[Image]:
        answer = await self.channel.call(
            f"{IMAGES}/ListImages", node.Empty(), node.ListImagesResponse, within=QUICK
        )
        return [answers.image(seen) for seen in answer.images]

    async def image_status(self, image: str) -> Image | None:
        asked = node.ImageRequest(image=parts.ImageSpec(image=image))
        answer = await self.channel.call(
            f"{IMAGES}/ImageStatus", asked, node.ImageStatusResponse, within=QUICK
        )
        return None if answer.image is None else answers.image(answer.image)

    async def pull(self, image: str, auth: Auth | None = None, pod: SandboxConfig | None = None) -> str:
        asked = node.PullImageRequest(
            image=parts.ImageSpec(image=image),
            auth=None if auth is None else requests.auth_config(auth),
            sandbox_config=None if pod is None else requests.sandbox_config(pod),
        )
        answer = await self.channel.call(f"{IMAGES}/PullImage", asked, node.PullImageResponse)
        return answer.image_ref

    async def remove_image(self, image: str) -> None:
        asked = node.ImageRequest(image=parts.ImageSpec(image=image))
        await self.channel.call(f"{IMAGES}/RemoveImage", asked, node.Empty, within=SLOW)

    async def load(self, tar: str) -> Sequence[str]:
        raise Unsupported(
            f"CRI cannot load {tar}; copy it into the runtime's store, for example with "
            f"skopeo copy oci-archive:{tar} containers-storage:NAME"
        )

    async def image_filesystems(self) -> Sequence[FilesystemUsage]:
        answer = await self.channel.call(
            f"{IMAGES}/ImageFsInfo", node.Empty(), node.ImageFsInfoResponse, within=QUICK
        )
        return [answers.filesystem(seen) for seen in answer.image_filesystems]

    # --- events ---

    async def events(self) -> AsyncIterator[Event]:
        pause = RETRY
        while True:
            try:
                async for event in self._hear():
                    pause = RETRY
                    yield event
            except Unsupported:
                async for event in self._poll():
                    yield event
            except RuntimeFailure as error:
                if pause == RETRY:  # one line of log for each interruption, not for each attempt
                    extra = {"socket": self.socket, "error": str(error)}
                    log.warning("runtime events interrupted", extra=extra)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_RETRY)

    async def _hear(self) -> AsyncIterator[Event]:
        """The runtime's own events, until the connection breaks."""
        yield Event(kind=EventKind.RELIST)
        method = f"{RUNTIME}/GetContainerEvents"
        async for seen in self.channel.stream(method, node.Empty(), containers.ContainerEventResponse):
            kind = EVENTS.get(seen.container_event_type)
            if kind is None:
                continue
            codes = [s.exit_code for s in seen.containers_statuses if s.id == seen.container_id]
            at = answers.moment(seen.created_at)
            yield Event(kind=kind, container=seen.container_id, at=at, exit_code=codes[0] if codes else 0)

    async def _poll(self) -> AsyncIterator[Event]:
        """For runtimes without events: RELIST whenever the lists have changed."""
        known: frozenset[tuple[str, ContainerState | None]] = frozenset()
        while True:
            seen = {(container.id, container.state) for container in await self.list_containers()}
            pods = {(f"{sandbox.id}/{sandbox.state}", None) for sandbox in await self.list_sandboxes()}
            if (now := frozenset(seen | pods)) != known:
                known = now
                yield Event(kind=EventKind.RELIST)
            await asyncio.sleep(POLL)
