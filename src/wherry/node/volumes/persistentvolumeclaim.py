"""persistentVolumeClaim volume: a claimed PersistentVolume that is a path of this node (hostPath, local).

An `ephemeral` volume is one too: its claim is named after the pod and the volume.
"""

from __future__ import annotations

from pathlib import Path

from wherry.api.core.persistentvolume import PersistentVolume
from wherry.api.core.volume import Volume
from wherry.node.volumes.hostpath import provide
from wherry.node.volumes.interface import Mounted, Site, VolumeFailure, volume_type
from wherry.node.volumes.ownership import is_shared, share_with_group


@volume_type("persistentVolumeClaim")
class Claimed:
    refreshes = False

    async def set_up(self, volume: Volume, site: Site) -> Mounted:
        source = volume.persistentVolumeClaim
        assert source is not None
        return await set_up_claim(source.claimName, site, readonly=source.readOnly)


@volume_type("ephemeral")
class Ephemeral:
    refreshes = False

    async def set_up(self, volume: Volume, site: Site) -> Mounted:
        return await set_up_claim(f"{site.pod.metadata.name}-{volume.name}", site, readonly=False)


async def set_up_claim(name: str, site: Site, *, readonly: bool) -> Mounted:
    claim = await site.objects.claim(site.namespace, name)
    if claim is None:
        raise VolumeFailure(f'persistentvolumeclaim "{name}" not found')
    if claim.status.phase != "Bound" or not claim.spec.volumeName:
        raise VolumeFailure(f'persistentvolumeclaim "{name}" is not bound yet')
    volume = await site.objects.volume(claim.spec.volumeName)
    if volume is None:
        raise VolumeFailure(f'persistentvolume "{claim.spec.volumeName}" not found')
    path = local_path(volume)
    if site.fs_group is not None and not readonly and not is_shared(path, site.fs_group):
        share_with_group(path, site.fs_group)
    return Mounted(path=str(path), readonly=readonly)


def local_path(volume: PersistentVolume) -> Path:
    """Where the volume is on this node, made if its type says so."""
    if found := volume.spec.hostPath:
        path = Path(found.path)
        provide(path, found.type or "DirectoryOrCreate")
        return path
    if volume.spec.local:
        path = Path(volume.spec.local.path)
        if not path.exists():
            raise VolumeFailure(f"local volume path {path} does not exist on this node")
        return path
    raise VolumeFailure(f"persistentvolume {volume.metadata.name}: only hostPath and local are supported")
