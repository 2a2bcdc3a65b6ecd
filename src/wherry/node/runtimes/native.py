"""containerd's native API: the messages of its tasks, events, content, images and leases services.

Beside CRI it offers what CRI lacks: events, exec with a stdin that can end, and loading of archives.
Numbers as in containerd's api/services/*/v1 and api/types; they are the same from 1.6 to 2.x.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.node.runtimes.protobuf import Message

NAMESPACE = (("containerd-namespace", "k8s.io"),)

TASKS = "/containerd.services.tasks.v1.Tasks"
EVENTS = "/containerd.services.events.v1.Events"
CONTENT = "/containerd.services.content.v1.Content"
IMAGES = "/containerd.services.images.v1.Images"
LEASES = "/containerd.services.leases.v1.Leases"
VERSION = "/containerd.services.version.v1.Version"

WRITE, COMMIT = 1, 2  # actions of a content write
STOPPED = 3  # a task's status


class Any(Message):
    """google.protobuf.Any: bytes and the name of what they are."""

    type_url: Annotated[str, 1] = ""
    value: Annotated[bytes, 2] = b""


class Timestamp(Message):
    seconds: Annotated[int, 1] = 0
    nanos: Annotated[int, 2] = 0


class VersionResponse(Message):
    version: Annotated[str, 1] = ""
    revision: Annotated[str, 2] = ""


class ExecProcessRequest(Message):
    container_id: Annotated[str, 1] = ""
    stdin: Annotated[str, 2] = ""
    stdout: Annotated[str, 3] = ""
    stderr: Annotated[str, 4] = ""
    terminal: Annotated[bool, 5] = False
    spec: Annotated[Any, 6] = Any()
    exec_id: Annotated[str, 7] = ""


class ProcessRequest(Message):
    """The requests to start, wait for, or delete an exec: the same on the wire."""

    container_id: Annotated[str, 1] = ""
    exec_id: Annotated[str, 2] = ""


class WaitResponse(Message):
    exit_status: Annotated[int, 1] = 0


class ListTasksRequest(Message):
    filter: Annotated[str, 1] = ""


class Task(Message):
    """containerd.v1.types.Process, where `id` is the container's."""

    id: Annotated[str, 2] = ""
    status: Annotated[int, 4] = 0


class ListTasksResponse(Message):
    tasks: Annotated[tuple[Task, ...], 1] = ()


class KillRequest(Message):
    container_id: Annotated[str, 1] = ""
    exec_id: Annotated[str, 2] = ""
    signal: Annotated[int, 3] = 0
    all: Annotated[bool, 4] = False


class ResizePtyRequest(Message):
    container_id: Annotated[str, 1] = ""
    exec_id: Annotated[str, 2] = ""
    width: Annotated[int, 3] = 0
    height: Annotated[int, 4] = 0


class CloseIORequest(Message):
    container_id: Annotated[str, 1] = ""
    exec_id: Annotated[str, 2] = ""
    stdin: Annotated[bool, 3] = False


class GetContainerRequest(Message):
    id: Annotated[str, 1] = ""


class Container(Message):
    id: Annotated[str, 1] = ""
    spec: Annotated[Any, 5] = Any()


class GetContainerResponse(Message):
    container: Annotated[Container, 1] = Container()


class SubscribeRequest(Message):
    filters: Annotated[tuple[str, ...], 1] = ()


class PublishRequest(Message):
    topic: Annotated[str, 1] = ""
    event: Annotated[Any, 2] = Any()


class Envelope(Message):
    timestamp: Annotated[Timestamp, 1] = Timestamp()
    namespace: Annotated[str, 2] = ""
    topic: Annotated[str, 3] = ""
    event: Annotated[Any, 4] = Any()


class TaskEvent(Message):
    """TaskStart and TaskOOM, as far as they matter here."""

    container_id: Annotated[str, 1] = ""


class TaskExit(Message):
    """`id` is the process: the container's own, or that of an exec."""

    container_id: Annotated[str, 1] = ""
    id: Annotated[str, 2] = ""
    exit_status: Annotated[int, 4] = 0
    exited_at: Annotated[Timestamp, 5] = Timestamp()


class ContainerDelete(Message):
    id: Annotated[str, 1] = ""


class WriteContentRequest(Message):
    action: Annotated[int, 1] = 0
    ref: Annotated[str, 2] = ""
    total: Annotated[int, 3] = 0
    expected: Annotated[str, 4] = ""
    offset: Annotated[int, 5] = 0
    data: Annotated[bytes, 6] = b""
    labels: Annotated[Mapping[str, str], 7] = {}


class WriteContentResponse(Message):
    action: Annotated[int, 1] = 0
    offset: Annotated[int, 4] = 0
    digest: Annotated[str, 6] = ""


class ContentInfo(Message):
    digest: Annotated[str, 1] = ""
    size: Annotated[int, 2] = 0
    labels: Annotated[Mapping[str, str], 5] = {}


class InfoRequest(Message):
    digest: Annotated[str, 1] = ""


class InfoResponse(Message):
    info: Annotated[ContentInfo, 1] = ContentInfo()


class Descriptor(Message):
    media_type: Annotated[str, 1] = ""
    digest: Annotated[str, 2] = ""
    size: Annotated[int, 3] = 0


class Image(Message):
    name: Annotated[str, 1] = ""
    labels: Annotated[Mapping[str, str], 2] = {}
    target: Annotated[Descriptor, 3] = Descriptor()


class ImageRequest(Message):
    """CreateImageRequest and UpdateImageRequest (of all fields): the same on the wire."""

    image: Annotated[Image, 1] = Image()


class LeaseRequest(Message):
    """CreateRequest and DeleteRequest of the leases service, as far as they are the same."""

    id: Annotated[str, 1] = ""
