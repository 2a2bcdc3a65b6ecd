"""CRI parts: the pieces of v1 messages that several calls share. Numbers as in k8s.io/cri-api runtime/v1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.node.runtimes.protobuf import UNSIGNED, Message


class Int64Value(Message):
    value: Annotated[int, 1] = 0


class UInt64Value(Message):
    value: Annotated[int, 1, UNSIGNED] = 0


class KeyValue(Message):
    key: Annotated[str, 1] = ""
    value: Annotated[str, 2] = ""


class ImageSpec(Message):
    image: Annotated[str, 1] = ""
    annotations: Annotated[Mapping[str, str], 2] = {}
    user_specified_image: Annotated[str, 18] = ""
    runtime_handler: Annotated[str, 19] = ""


class IDMapping(Message):
    host_id: Annotated[int, 1] = 0
    container_id: Annotated[int, 2] = 0
    length: Annotated[int, 3] = 0


class UserNamespace(Message):
    mode: Annotated[int, 1] = 0
    uids: Annotated[tuple[IDMapping, ...], 2] = ()
    gids: Annotated[tuple[IDMapping, ...], 3] = ()


class NamespaceOption(Message):
    """Modes: 0 POD, 1 CONTAINER, 2 NODE, 3 TARGET."""

    network: Annotated[int, 1] = 0
    pid: Annotated[int, 2] = 0
    ipc: Annotated[int, 3] = 0
    target_id: Annotated[str, 4] = ""
    userns_options: Annotated[UserNamespace | None, 5] = None


class SELinuxOption(Message):
    user: Annotated[str, 1] = ""
    role: Annotated[str, 2] = ""
    type: Annotated[str, 3] = ""
    level: Annotated[str, 4] = ""


class SecurityProfile(Message):
    """Types: 0 RuntimeDefault, 1 Unconfined, 2 Localhost."""

    profile_type: Annotated[int, 1] = 0
    localhost_ref: Annotated[str, 2] = ""


class HugepageLimit(Message):
    page_size: Annotated[str, 1] = ""
    limit: Annotated[int, 2, UNSIGNED] = 0


class LinuxContainerResources(Message):
    cpu_period: Annotated[int, 1] = 0
    cpu_quota: Annotated[int, 2] = 0
    cpu_shares: Annotated[int, 3] = 0
    memory_limit_in_bytes: Annotated[int, 4] = 0
    oom_score_adj: Annotated[int, 5] = 0
    cpuset_cpus: Annotated[str, 6] = ""
    cpuset_mems: Annotated[str, 7] = ""
    hugepage_limits: Annotated[tuple[HugepageLimit, ...], 8] = ()
    unified: Annotated[Mapping[str, str], 9] = {}
    memory_swap_limit_in_bytes: Annotated[int, 10] = 0


class Mount(Message):
    """Propagation: 0 private, 1 from host to container, 2 both ways."""

    container_path: Annotated[str, 1] = ""
    host_path: Annotated[str, 2] = ""
    readonly: Annotated[bool, 3] = False
    selinux_relabel: Annotated[bool, 4] = False
    propagation: Annotated[int, 5] = 0
    uidMappings: Annotated[tuple[IDMapping, ...], 6] = ()
    gidMappings: Annotated[tuple[IDMapping, ...], 7] = ()
    recursive_read_only: Annotated[bool, 8] = False
    image: Annotated[ImageSpec | None, 9] = None
    image_sub_path: Annotated[str, 10] = ""


class FilesystemIdentifier(Message):
    mountpoint: Annotated[str, 1] = ""


class FilesystemUsage(Message):
    timestamp: Annotated[int, 1] = 0
    fs_id: Annotated[FilesystemIdentifier, 2] = FilesystemIdentifier()
    used_bytes: Annotated[UInt64Value, 3] = UInt64Value()
    inodes_used: Annotated[UInt64Value, 4] = UInt64Value()
