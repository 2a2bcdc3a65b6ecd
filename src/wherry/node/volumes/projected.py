"""projected volume: ConfigMaps, Secrets, the pod's fields and tokens together in one folder."""

from __future__ import annotations

from datetime import datetime

from wherry.api.core.volume import Volume, VolumeProjection
from wherry.node.volumes import payload
from wherry.node.volumes.interface import Mounted, Site, VolumeFailure, volume_type
from wherry.node.volumes.sources import Files, from_configmap, from_pod, from_secret, from_token


@volume_type("projected")
class Projected:
    refreshes = True

    async def set_up(self, volume: Volume, site: Site) -> Mounted:
        projected = volume.projected
        assert projected is not None
        site.keep_in_memory()
        files: Files = {}
        renewals: list[datetime] = []
        for source in projected.sources:
            more, renewal = await self._files(source, site, projected.defaultMode)
            files |= more
            if renewal is not None:
                renewals.append(renewal)
        payload.write(site.folder, files, site.now, site.fs_group)
        return Mounted(path=str(site.folder), refresh_at=min(renewals, default=None))

    async def _files(self, source: VolumeProjection, site: Site, mode: int) -> tuple[Files, datetime | None]:
        if part := source.configMap:
            return await from_configmap(site, part.name, part.items, mode, optional=part.optional), None
        if secret := source.secret:
            return await from_secret(site, secret.name, secret.items, mode, optional=secret.optional), None
        if downward := source.downwardAPI:
            return from_pod(site, downward.items, mode), None
        if token := source.serviceAccountToken:
            return await from_token(site, token, mode)
        if source.clusterTrustBundle is not None or source.podCertificate is not None:
            raise VolumeFailure("projected volumes of trust bundles and pod certificates are not supported")
        return {}, None
