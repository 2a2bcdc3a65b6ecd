"""emptyDir volume: a folder that lives as long as the pod, on disk or in memory."""

from __future__ import annotations

from wherry.api.core.volume import EmptyDirVolumeSource, Volume
from wherry.machinery import quantity
from wherry.node.resources import memory_bytes
from wherry.node.volumes.interface import Mounted, Site, volume_type
from wherry.node.volumes.ownership import share_with_group


@volume_type("emptyDir")
class EmptyDir:
    refreshes = False

    async def set_up(self, volume: Volume, site: Site) -> Mounted:
        source = volume.emptyDir or EmptyDirVolumeSource()
        fresh = not site.folder.exists()
        site.folder.mkdir(parents=True, exist_ok=True)
        if source.medium == "Memory":
            site.keep_in_memory(size_of(source, site))
        if fresh:
            site.folder.chmod(0o777 if source.mode is None else source.mode)
            if site.fs_group is not None:
                share_with_group(site.folder, site.fs_group)
        return Mounted(path=str(site.folder))


def size_of(source: EmptyDirVolumeSource, site: Site) -> int:
    """Bytes: no more than all containers together may use; 0 for what the kernel sees fit."""
    limits = [container.resources.limits for container in site.pod.spec.containers]
    bounded = sum(map(memory_bytes, limits)) if all("memory" in each for each in limits) else 0
    asked = quantity.parse(source.sizeLimit).value if source.sizeLimit else 0
    return min(filter(None, (asked, bounded)), default=0)
