"""secret volume: a Secret's keys, in memory as files that follow its changes."""

from __future__ import annotations

from wherry.api.core.volume import Volume
from wherry.node.volumes import payload
from wherry.node.volumes.interface import Mounted, Site, volume_type
from wherry.node.volumes.sources import from_secret


@volume_type("secret")
class Secret:
    refreshes = True

    async def set_up(self, volume: Volume, site: Site) -> Mounted:
        source = volume.secret
        assert source is not None
        site.keep_in_memory()
        files = await from_secret(
            site, source.secretName, source.items, source.defaultMode, optional=source.optional
        )
        payload.write(site.folder, files, site.now, site.fs_group)
        return Mounted(path=str(site.folder))
