"""CRI node: the messages about the runtime itself, and about images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.node.runtimes.cri.parts import FilesystemUsage, ImageSpec, Int64Value
from wherry.node.runtimes.cri.sandboxes import PodSandboxConfig
from wherry.node.runtimes.protobuf import UNSIGNED, Message

SYSTEMD, CGROUPFS = 0, 1


class Empty(Message):
    """Every request without fields and every response nobody reads."""


class VersionRequest(Message):
    version: Annotated[str, 1] = ""


class VersionResponse(Message):
    version: Annotated[str, 1] = ""
    runtime_name: Annotated[str, 2] = ""
    runtime_version: Annotated[str, 3] = ""
    runtime_api_version: Annotated[str, 4] = ""


class StatusRequest(Message):
    verbose: Annotated[bool, 1] = False


class RuntimeCondition(Message):
    type: Annotated[str, 1] = ""
    status: Annotated[bool, 2] = False
    reason: Annotated[str, 3] = ""
    message: Annotated[str, 4] = ""


class RuntimeStatus(Message):
    conditions: Annotated[tuple[RuntimeCondition, ...], 1] = ()


class RuntimeHandlerFeatures(Message):
    recursive_read_only_mounts: Annotated[bool, 1] = False
    user_namespaces: Annotated[bool, 2] = False


class RuntimeHandler(Message):
    name: Annotated[str, 1] = ""
    features: Annotated[RuntimeHandlerFeatures, 2] = RuntimeHandlerFeatures()


class RuntimeFeatures(Message):
    supplemental_groups_policy: Annotated[bool, 1] = False


class StatusResponse(Message):
    status: Annotated[RuntimeStatus, 1] = RuntimeStatus()
    info: Annotated[Mapping[str, str], 2] = {}
    runtime_handlers: Annotated[tuple[RuntimeHandler, ...], 3] = ()
    features: Annotated[RuntimeFeatures, 4] = RuntimeFeatures()


class LinuxRuntimeConfiguration(Message):
    cgroup_driver: Annotated[int, 1] = SYSTEMD


class RuntimeConfigResponse(Message):
    linux: Annotated[LinuxRuntimeConfiguration | None, 1] = None


class Image(Message):
    id: Annotated[str, 1] = ""
    repo_tags: Annotated[tuple[str, ...], 2] = ()
    repo_digests: Annotated[tuple[str, ...], 3] = ()
    size: Annotated[int, 4, UNSIGNED] = 0
    uid: Annotated[Int64Value | None, 5] = None
    username: Annotated[str, 6] = ""
    pinned: Annotated[bool, 8] = False


class ListImagesResponse(Message):
    images: Annotated[tuple[Image, ...], 1] = ()


class ImageRequest(Message):
    """ImageStatusRequest and RemoveImageRequest: the same on the wire."""

    image: Annotated[ImageSpec, 1] = ImageSpec()


class ImageStatusResponse(Message):
    image: Annotated[Image | None, 1] = None


class AuthConfig(Message):
    username: Annotated[str, 1] = ""
    password: Annotated[str, 2] = ""
    auth: Annotated[str, 3] = ""
    server_address: Annotated[str, 4] = ""
    identity_token: Annotated[str, 5] = ""
    registry_token: Annotated[str, 6] = ""


class PullImageRequest(Message):
    image: Annotated[ImageSpec, 1] = ImageSpec()
    auth: Annotated[AuthConfig | None, 2] = None
    sandbox_config: Annotated[PodSandboxConfig | None, 3] = None


class PullImageResponse(Message):
    image_ref: Annotated[str, 1] = ""


class ImageFsInfoResponse(Message):
    image_filesystems: Annotated[tuple[FilesystemUsage, ...], 1] = ()
