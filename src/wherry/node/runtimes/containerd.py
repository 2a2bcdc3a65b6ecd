"""containerd: CRI, and what only its native API offers: events, exec over pipes, loading images."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime

from wherry.machinery.clock import Clock
from wherry.node.runtimes import native
from wherry.node.runtimes.archive import Archive, Blob
from wherry.node.runtimes.channel import Channel
from wherry.node.runtimes.cri.node import Empty
from wherry.node.runtimes.cri.runtime import CriRuntime
from wherry.node.runtimes.interface import (
    ContainerState,
    Event,
    EventKind,
    NotFound,
    RuntimeFailure,
    SandboxState,
    Session,
    Unavailable,
)
from wherry.node.runtimes.protobuf import decode
from wherry.node.runtimes.tasks import TaskSession, process_spec

OLDEST = (1, 6)  # the first with CRI v1

TOPICS = {"/tasks/start": EventKind.STARTED, "/tasks/oom": EventKind.OOM, "/tasks/exit": EventKind.EXITED}
DELETED = "/containers/delete"
HELLO = "/wherry/hello"  # our own: shows that a subscription has begun
PIECE = 1 << 20  # bytes of a blob in one message
PATIENCE = 2.0  # seconds for CRI to take notice of what the native API tells
MANAGED = {"io.cri-containerd.image": "managed"}

log = logging.getLogger(__name__)


class ContainerdRuntime(CriRuntime):
    """containerd 1.6 and newer."""

    def __init__(self, socket_path: str, clock: Clock, pipes: str = "") -> None:
        """`pipes` is a folder for the named pipes of execs (default: the system's temporary folder)."""
        super().__init__(socket_path, clock)
        self.native = Channel(socket_path, native.NAMESPACE)
        self._pipes = pipes or None

    async def close(self) -> None:
        await self.native.close()
        await super().close()

    # --- processes ---

    async def exec(
        self, container: str, command: Sequence[str], *, tty: bool = False, stdin: bool = False
    ) -> Session:
        spec = await process_spec(self.native, container, command, tty)
        folder = tempfile.mkdtemp(prefix="exec-", dir=self._pipes)
        session = TaskSession(self.native, container, f"wherry-{self.clock.uuid()}", folder)
        try:
            await session.begin(spec, stdin=stdin)
        except BaseException:
            await session.close()
            raise
        return session

    # --- events ---

    async def _hear(self) -> AsyncIterator[Event]:
        filters = [f'namespace=="k8s.io",topic=="{topic}"' for topic in (*TOPICS, DELETED, HELLO)]
        asked = native.SubscribeRequest(filters=tuple(filters))
        begun = False
        async with self._hello() as hello:
            heard = self.native.stream(f"{native.EVENTS}/Subscribe", asked, native.Envelope)
            async with contextlib.aclosing(heard):
                async for envelope in heard:
                    if not begun:
                        begun = True
                        hello.cancel()
                        await self._caught_up()
                        yield Event(kind=EventKind.RELIST)
                    if (event := _event(envelope)) is not None:
                        if event.kind is EventKind.EXITED:
                            await self._settled(event.container)
                        yield event

    @contextlib.asynccontextmanager
    async def _hello(self) -> AsyncIterator[asyncio.Task[None]]:
        """A task that publishes until it is cancelled.

        Nothing in the protocol says when a subscription has begun. Its first event does, so there must
        be one: only then a list taken afterwards can miss nothing.
        """
        task = asyncio.create_task(self._publish_hello())
        try:
            yield task
        finally:
            task.cancel()

    async def _publish_hello(self) -> None:
        empty = native.Any(type_url="containerd.events.TaskOOM")
        while True:
            with contextlib.suppress(RuntimeFailure):
                asked = native.PublishRequest(topic=HELLO, event=empty)
                await self.native.call(f"{native.EVENTS}/Publish", asked, Empty)
            await asyncio.sleep(0.01)

    async def _caught_up(self) -> None:
        """Wait until CRI's status tells of all exits before this moment, whose events nobody repeats."""
        running = [c.id for c in await self.list_containers() if c.state is ContainerState.RUNNING]
        ready = [s.id for s in await self.list_sandboxes() if s.state is SandboxState.READY]
        answer = await self.native.call(
            f"{native.TASKS}/List", native.ListTasksRequest(), native.ListTasksResponse
        )
        alive = {task.id for task in answer.tasks if task.status != native.STOPPED}
        for each in (*running, *ready):
            if each not in alive:
                await self._settled(each)

    async def _settled(self, exited: str) -> None:
        """Wait until CRI's status tells of an exit too: it hears the same event as we do, at its own pace."""
        pause = 0.002
        with contextlib.suppress(NotFound, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while await self._runs(exited):
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, 0.05)

    async def _runs(self, exited: str) -> bool:
        try:
            return (await self.container_status(exited)).state is ContainerState.RUNNING
        except NotFound:
            return (await self.sandbox_status(exited)).state is SandboxState.READY

    # --- images ---

    async def load(self, tar: str) -> Sequence[str]:
        with Archive(tar) as archive:
            images = archive.images()
            async with self._lease() as lease:
                for name, root in images:
                    for blob in archive.blobs(root):
                        await self._write(archive, blob, lease)
                    await self._name(name, root)
        names = [name for name, _ in images]
        for name in names:
            await self._noticed(name)
        return names

    async def _noticed(self, name: str) -> None:
        """Wait until CRI knows the image too; it follows the native API's events."""
        pause = 0.005
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while await self.image_status(name) is None:  # noqa: ASYNC110 CRI tells nobody
                    await asyncio.sleep(pause)

    @contextlib.asynccontextmanager
    async def _lease(self) -> AsyncIterator[tuple[tuple[str, str], ...]]:
        """Keeps blobs from being collected before an image refers to them."""
        lease = native.LeaseRequest(id=f"wherry-{self.clock.uuid()}")
        await self.native.call(f"{native.LEASES}/Create", lease, Empty)
        try:
            yield (("containerd-lease", lease.id),)
        finally:
            await self.native.call(f"{native.LEASES}/Delete", lease, Empty)

    async def _write(self, archive: Archive, blob: Blob, lease: tuple[tuple[str, str], ...]) -> None:
        """Store one blob, unless it is there."""
        asked = native.InfoRequest(digest=blob.digest)
        try:
            await self.native.call(f"{native.CONTENT}/Info", asked, native.InfoResponse, metadata=lease)
        except NotFound:
            messages = _content(archive, blob)
            await self.native.send(
                f"{native.CONTENT}/Write", messages, native.WriteContentResponse, metadata=lease
            )

    async def _name(self, name: str, root: Blob) -> None:
        target = native.Descriptor(media_type=root.media_type, digest=root.digest, size=root.size)
        asked = native.ImageRequest(image=native.Image(name=name, labels=MANAGED, target=target))
        try:
            await self.native.call(f"{native.IMAGES}/Update", asked, Empty)
        except NotFound:
            await self.native.call(f"{native.IMAGES}/Create", asked, Empty)


def _content(archive: Archive, blob: Blob) -> Iterator[native.WriteContentRequest]:
    """The messages that write a blob: its bytes, then the commit with what it refers to."""
    offset = 0
    ref = f"wherry-{blob.digest}"
    for piece in archive.pieces(blob.digest, PIECE):
        yield native.WriteContentRequest(
            action=native.WRITE, ref=ref, total=blob.size, expected=blob.digest, offset=offset, data=piece
        )
        offset += len(piece)
    labels = {f"containerd.io/gc.ref.content.{suffix}": digest for suffix, digest in blob.refers}
    yield native.WriteContentRequest(
        action=native.COMMIT, ref=ref, total=blob.size, expected=blob.digest, offset=offset, labels=labels
    )


def _event(envelope: native.Envelope) -> Event | None:
    at = _moment(envelope.timestamp)
    if envelope.topic == DELETED:
        gone = decode(native.ContainerDelete, envelope.event.value)
        return Event(kind=EventKind.DELETED, container=gone.id, at=at)
    kind = TOPICS.get(envelope.topic)
    if kind is EventKind.EXITED:
        exit = decode(native.TaskExit, envelope.event.value)
        if exit.id != exit.container_id:
            return None  # an exec has ended, not the container
        at = _moment(exit.exited_at)
        return Event(kind=kind, container=exit.container_id, at=at, exit_code=exit.exit_status)
    if kind is None:
        return None
    return Event(kind=kind, container=decode(native.TaskEvent, envelope.event.value).container_id, at=at)


def _moment(stamp: native.Timestamp) -> datetime:
    return datetime.fromtimestamp(stamp.seconds, UTC).replace(microsecond=stamp.nanos // 1000)


async def find(socket_path: str, clock: Clock, pipes: str = "") -> CriRuntime | None:
    """The runtime that serves on that socket, containerd or another; None if nobody does.

    A socket that somebody holds without serving CRI v1 on it is a failure: it would be wrong to go on
    as if it were free.
    """
    if not _exists(socket_path):
        return None
    runtime = ContainerdRuntime(socket_path, clock, pipes)
    try:
        async with asyncio.timeout(PATIENCE):
            version = await runtime.version()
    except Unavailable:
        await runtime.close()
        return None
    except (TimeoutError, RuntimeFailure) as error:
        await runtime.close()
        raise RuntimeFailure(_without_cri(socket_path, error)) from error
    if version.name != "containerd":
        await runtime.close()
        return CriRuntime(socket_path, clock)
    if version_number(version.version) < OLDEST:
        await runtime.close()
        raise RuntimeFailure(
            f"containerd on {socket_path} is {version.version}; 1.6 or newer is needed: "
            "upgrade it, or let another one be started by giving another socket"
        )
    return runtime


def _exists(path: str) -> bool:
    return os.path.exists(path)


def _without_cri(socket_path: str, error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"{socket_path} takes connections but does not answer; stop or restart what serves it"
    return (
        f"what serves {socket_path} does not speak CRI v1 ({error}); if it is a containerd, look for "
        '"cri" among disabled_plugins in its configuration'
    )


def version_number(version: str) -> tuple[int, int]:
    """`v1.6.20~ds1` is (1, 6)."""
    major, _, rest = version.lstrip("v").partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)
