"""Sources: what ConfigMaps, Secrets, the pod itself and tokens put into a volume, as payloads."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from wherry.api.authentication.tokenrequest import BoundObjectReference, TokenRequest, TokenRequestSpec
from wherry.api.core.pod import Pod
from wherry.api.core.volume import DownwardAPIVolumeFile, KeyToPath, ServiceAccountTokenProjection
from wherry.machinery import times
from wherry.node.downward import UnknownField, field_value, resource_value
from wherry.node.volumes.interface import Site, VolumeFailure
from wherry.node.volumes.payload import File

RENEWED_AFTER = 0.8  # of a token's life
LONGEST_USE = timedelta(hours=24)

Files = dict[str, File]


async def from_configmap(
    site: Site, name: str, items: Sequence[KeyToPath], mode: int, *, optional: bool
) -> Files:
    found = await site.objects.configmap(site.namespace, name)
    if found is None:
        if optional:
            return {}
        raise VolumeFailure(f'configmap "{name}" not found')
    data = {key: text.encode("utf-8", "surrogateescape") for key, text in found.data.items()}
    data |= {key: base64.b64decode(text) for key, text in found.binaryData.items()}
    return picked(data, items, mode, optional=optional, what="configmap", name=name)


async def from_secret(
    site: Site, name: str, items: Sequence[KeyToPath], mode: int, *, optional: bool
) -> Files:
    found = await site.objects.secret(site.namespace, name)
    if found is None:
        if optional:
            return {}
        raise VolumeFailure(f'secret "{name}" not found')
    data = {key: base64.b64decode(text) for key, text in found.data.items()}
    return picked(data, items, mode, optional=optional, what="secret", name=name)


def picked(
    data: Mapping[str, bytes],
    items: Sequence[KeyToPath],
    mode: int,
    *,
    optional: bool,
    what: str,
    name: str,
) -> Files:
    """The keys chosen by `items`, under their paths; without items, every key under its own name."""
    if not items:
        return {key: File(data=value, mode=mode) for key, value in data.items()}
    files: Files = {}
    for item in items:
        if item.key in data:
            files[item.path] = File(data=data[item.key], mode=mode if item.mode is None else item.mode)
        elif not optional:
            raise VolumeFailure(f"{what} references non-existent {what} key: {item.key} (in {name})")
    return files


def from_pod(site: Site, items: Sequence[DownwardAPIVolumeFile], mode: int) -> Files:
    files: Files = {}
    for item in items:
        try:
            if item.fieldRef is not None:
                text = field_value(site.pod, item.fieldRef.fieldPath, site.around)
            elif item.resourceFieldRef is not None:
                text = resource_value(site.pod, item.resourceFieldRef, None, site.around)
            else:
                continue
        except UnknownField as error:
            raise VolumeFailure(str(error)) from error
        files[item.path] = File(data=text.encode(), mode=mode if item.mode is None else item.mode)
    return files


async def from_token(
    site: Site, projection: ServiceAccountTokenProjection, mode: int
) -> tuple[Files, datetime | None]:
    """The token's file, and when it must be renewed."""
    pod = site.pod
    request = TokenRequest(
        spec=TokenRequestSpec(
            audiences=(projection.audience,) if projection.audience else (),
            expirationSeconds=projection.expirationSeconds,
            boundObjectRef=BoundObjectReference(
                apiVersion="v1", kind="Pod", name=pod.metadata.name, uid=pod.metadata.uid
            ),
        )
    )
    account = pod.spec.serviceAccountName or "default"
    answer = await site.objects.token(account, site.namespace, request)
    user = common_user(pod)
    if user is not None or site.fs_group is not None:
        mode = 0o600  # nobody else needs to read it
    file = File(data=answer.status.token.encode(), mode=mode, user=user)
    return {projection.path: file}, renewal(site.now, answer.status.expirationTimestamp)


def renewal(issued: datetime, expires: str) -> datetime | None:
    if not expires:
        return None
    life = times.parse(expires) - issued
    return issued + min(life * RENEWED_AFTER, LONGEST_USE)


def common_user(pod: Pod) -> int | None:
    """The user that all containers run as, if the spec says so."""
    shared = pod.spec.securityContext.runAsUser if pod.spec.securityContext else None
    users = {
        c.securityContext.runAsUser
        if c.securityContext is not None and c.securityContext.runAsUser is not None
        else shared
        for c in (*pod.spec.initContainers, *pod.spec.containers)
    }
    return users.pop() if len(users) == 1 else None
