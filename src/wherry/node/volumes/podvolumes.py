"""Pod volumes: all volumes of one pod: set up together, kept up to date, taken down."""

from __future__ import annotations

import asyncio
import importlib
import re
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from wherry.api.core.pod import Pod
from wherry.api.core.volume import Volume
from wherry.machinery.clock import Clock
from wherry.machinery.errors import StatusError
from wherry.node import mounts
from wherry.node.downward import Surroundings
from wherry.node.volumes.interface import Mounted, Objects, Site, VolumeFailure, type_of

# One module a type; each registers itself when it is imported.
TYPES = (
    "configmap",
    "downwardapi",
    "emptydir",
    "hostpath",
    "image",
    "persistentvolumeclaim",
    "projected",
    "secret",
)


def load_types() -> None:
    for name in TYPES:
        importlib.import_module(f"wherry.node.volumes.{name}")


class PodVolumes:
    """The volumes below one pod's folder. What is known of them is found again after a restart."""

    def __init__(
        self,
        folder: Path,
        objects: Objects,
        around: Callable[[], Surroundings],
        clock: Clock,
        *,
        may_mount: bool = True,
    ) -> None:
        load_types()
        self.folder = folder
        self.mounted: Mapping[str, Mounted] = {}
        self._objects = objects
        self._around = around
        self._clock = clock
        self._may_mount = may_mount

    @property
    def refresh_at(self) -> datetime | None:
        return min((each.refresh_at for each in self.mounted.values() if each.refresh_at), default=None)

    async def set_up(self, pod: Pod) -> None:
        """Make all volumes, or bring them up to date. VolumeFailure names the first that failed."""
        results = await asyncio.gather(*(self._set_up(pod, volume) for volume in pod.spec.volumes))
        self.mounted = {volume.name: each for volume, each in zip(pod.spec.volumes, results, strict=True)}

    async def refresh(self, pod: Pod) -> None:
        """Bring those up to date that are made of what changes."""
        changing = [volume for volume in pod.spec.volumes if type_of(volume)[1].refreshes]
        results = await asyncio.gather(*(self._set_up(pod, volume) for volume in changing))
        fresh = {volume.name: each for volume, each in zip(changing, results, strict=True)}
        self.mounted = {**self.mounted, **fresh}

    async def _set_up(self, pod: Pod, volume: Volume) -> Mounted:
        try:
            field, kind = type_of(volume)
            return await kind.set_up(volume, self._site(pod, volume, field))
        except (VolumeFailure, StatusError, OSError) as error:
            raise VolumeFailure(f'MountVolume.SetUp failed for volume "{volume.name}" : {error}') from error

    def _site(self, pod: Pod, volume: Volume, field: str) -> Site:
        return Site(
            pod=pod,
            folder=self.folder / "volumes" / f"kubernetes.io~{dashed(field)}" / volume.name,
            objects=self._objects,
            around=self._around(),
            now=self._clock.now(),
            may_mount=self._may_mount,
        )

    async def tear_down(self) -> None:
        """Unmount everything below the pod's folder, then remove it."""
        if not self.folder.exists():
            return
        await asyncio.to_thread(remove_folder, self.folder)
        self.mounted = {}


def dashed(field: str) -> str:
    """`empty-dir` for `emptyDir`, `downward-api` for `downwardAPI`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", field).lower()


def remove_folder(folder: Path) -> None:
    for point in mounts.mounted_below(str(folder)):
        mounts.unmount(point)
    shutil.rmtree(folder)
