"""image volume: the files of an image, mounted by the runtime."""

from __future__ import annotations

from wherry.api.core.volume import Volume
from wherry.node.volumes.interface import Mounted, Site, volume_type


@volume_type("image")
class ImageVolume:
    refreshes = False

    async def set_up(self, volume: Volume, site: Site) -> Mounted:
        assert volume.image is not None
        return Mounted(image=volume.image.reference, readonly=True)
