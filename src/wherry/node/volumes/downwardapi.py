"""downwardAPI volume: what the pod is told about itself, as files that follow its changes."""

from __future__ import annotations

from wherry.api.core.volume import Volume
from wherry.node.volumes import payload
from wherry.node.volumes.interface import Mounted, Site, volume_type
from wherry.node.volumes.sources import from_pod


@volume_type("downwardAPI")
class DownwardAPI:
    refreshes = True

    async def set_up(self, volume: Volume, site: Site) -> Mounted:
        source = volume.downwardAPI
        assert source is not None
        payload.write(site.folder, from_pod(site, source.items, source.defaultMode), site.now, site.fs_group)
        return Mounted(path=str(site.folder))
