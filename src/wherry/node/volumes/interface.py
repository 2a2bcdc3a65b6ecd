"""Volume interface: what a volume type implements, and what it gets to work with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from wherry.api.authentication.tokenrequest import TokenRequest
from wherry.api.core.configmap import ConfigMap
from wherry.api.core.persistentvolume import PersistentVolume
from wherry.api.core.persistentvolumeclaim import PersistentVolumeClaim
from wherry.api.core.pod import Pod
from wherry.api.core.secret import Secret
from wherry.api.core.volume import Volume
from wherry.node import mounts
from wherry.node.downward import Surroundings
from wherry.node.runtimes.interface import Value


class VolumeFailure(Exception):
    """A volume can't be had now; the message goes into an event, and it is tried again."""


class Objects(Protocol):
    """The API objects that volumes are made of. None: there is no such object."""

    async def configmap(self, namespace: str, name: str) -> ConfigMap | None: ...
    async def secret(self, namespace: str, name: str) -> Secret | None: ...
    async def claim(self, namespace: str, name: str) -> PersistentVolumeClaim | None: ...
    async def volume(self, name: str) -> PersistentVolume | None: ...
    async def token(self, account: str, namespace: str, request: TokenRequest) -> TokenRequest: ...


class Site(Value):
    """Where and for whom a volume is made. `folder` is the volume's own; it need not exist yet."""

    pod: Pod
    folder: Path
    objects: Objects
    around: Surroundings
    now: datetime
    may_mount: bool = True

    @property
    def namespace(self) -> str:
        return self.pod.metadata.namespace

    def keep_in_memory(self, size: int = 0) -> None:
        """Put the volume's folder on a file system in memory, where this process may mount one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.may_mount and not self.folder.is_mount():
            mounts.mount_tmpfs(str(self.folder), size)

    @property
    def fs_group(self) -> int | None:
        context = self.pod.spec.securityContext
        return context.fsGroup if context else None


class Mounted(Value):
    """A volume that is there. `image` stands for a path where the runtime mounts an image itself."""

    path: str = ""
    readonly: bool = False
    refresh_at: datetime | None = None
    image: str = ""


class VolumeType(Protocol):
    """One type of volume. `set_up` is idempotent: it also brings what is there up to date.

    What it mounts below `site.folder` is unmounted and removed with the pod's folder.
    """

    refreshes: bool
    """Whether what it is made of may change while the pod runs."""

    async def set_up(self, volume: Volume, site: Site) -> Mounted: ...


TypeT = TypeVar("TypeT", bound=type[VolumeType])

_TYPES: dict[str, VolumeType] = {}


def volume_type(field: str) -> Callable[[TypeT], TypeT]:
    """Registers the class for volumes in which `field` of the Volume is set."""

    def register(cls: TypeT) -> TypeT:
        if field in _TYPES:
            raise ValueError(f"two volume types are registered for {field}")
        _TYPES[field] = cls()
        return cls

    return register


def type_of(volume: Volume) -> tuple[str, VolumeType]:
    """The type of `volume`, and the field that says so. A volume that says nothing is an emptyDir."""
    for field, found in _TYPES.items():
        if getattr(volume, field) is not None:
            return field, found
    named = [name for name in volume.__struct_fields__ if name != "name" and getattr(volume, name)]
    if named:
        raise VolumeFailure(f"volumes of type {named[0]} are not supported on this node")
    return "emptyDir", _TYPES["emptyDir"]
