"""configMap volume: a ConfigMap's keys as files that follow its changes."""

from __future__ import annotations

from wherry.api.core.volume import Volume
from wherry.node.volumes import payload
from wherry.node.volumes.interface import Mounted, Site, volume_type
from wherry.node.volumes.sources import from_configmap


@volume_type("configMap")
class ConfigMap:
    refreshes = True

    async def set_up(self, volume: Volume, site: Site) -> Mounted:
        source = volume.configMap
        assert source is not None
        files = await from_configmap(
            site, source.name, source.items, source.defaultMode, optional=source.optional
        )
        payload.write(site.folder, files, site.now, site.fs_group)
        return Mounted(path=str(site.folder))
