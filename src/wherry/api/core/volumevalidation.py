"""Volume validation: what a Pod may mount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wherry.api.core.containervalidation import check_local_path
from wherry.api.core.envvalidation import validate_field_ref, validate_resource_ref
from wherry.api.core.volume import (
    DownwardAPIVolumeFile,
    KeyToPath,
    ProjectedVolumeSource,
    Volume,
    VolumeProjection,
)
from wherry.machinery import quantity
from wherry.machinery.errors import FieldError, duplicate, forbidden, invalid, required
from wherry.machinery.names import check_label, check_subdomain

DOWNWARD_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
MODE = "must be a number between 0 and 0777 (octal), both inclusive"
TOKEN_SECONDS = 600

# What each source cannot do without.
REQUIRED: dict[str, tuple[str, ...]] = {
    "awsElasticBlockStore": ("volumeID",),
    "azureDisk": ("diskName", "diskURI"),
    "azureFile": ("secretName", "shareName"),
    "cephfs": ("monitors",),
    "cinder": ("volumeID",),
    "configMap": ("name",),
    "csi": ("driver",),
    "ephemeral": ("volumeClaimTemplate",),
    "flexVolume": ("driver",),
    "gcePersistentDisk": ("pdName",),
    "gitRepo": ("repository",),
    "glusterfs": ("endpoints", "path"),
    "hostPath": ("path",),
    "iscsi": ("targetPortal", "iqn"),
    "local": ("path",),
    "nfs": ("server", "path"),
    "persistentVolumeClaim": ("claimName",),
    "photonPersistentDisk": ("pdID",),
    "portworxVolume": ("volumeID",),
    "quobyte": ("registry", "volume"),
    "rbd": ("monitors", "image"),
    "scaleIO": ("gateway", "system", "volumeName"),
    "secret": ("secretName",),
    "vsphereVolume": ("volumePath",),
}
SOURCES = tuple(name for name in Volume.__struct_fields__ if name != "name")
PROJECTIONS = VolumeProjection.__struct_fields__


def source_of(holder: Any, sources: tuple[str, ...] = SOURCES) -> list[str]:
    """The names of the sources that are set: there should be one."""
    return [name for name in sources if getattr(holder, name) is not None]


def validate_volumes(volumes: tuple[Volume, ...], path: str, pod: str) -> Iterator[FieldError]:
    """pod: the Pod's name where it has one, for the claims that are made for it."""
    seen: set[str] = set()
    made: dict[str, str] = {}
    for index, volume in enumerate(volumes):
        where = f"{path}[{index}]"
        found = source_of(volume)
        yield from validate_sources(volume, found, where)
        if not found:
            yield required(where, "must specify a volume type")
        if not volume.name:
            yield required(f"{where}.name")
        else:
            for problem in check_label(volume.name):
                yield invalid(f"{where}.name", volume.name, problem)
            if volume.name in seen:
                yield duplicate(f"{where}.name", volume.name)
            seen.add(volume.name)
        if volume.ephemeral is not None and pod:
            made[f"{pod}-{volume.name}"] = where
    for index, volume in enumerate(volumes if made else ()):
        claim = volume.persistentVolumeClaim
        if claim is not None and claim.claimName in made:
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            yield invalid(f"{path}[{index}].persistentVolumeClaim.claimName", claim.claimName, detail)


def validate_sources(holder: Any, found: list[str], path: str) -> Iterator[FieldError]:
    """The sources of a volume, of a Pod or by itself: one, and complete."""
    for name in found[1:]:
        yield forbidden(f"{path}.{name}", "may not specify more than 1 volume type")
    for name in found[:1]:
        source, where = getattr(holder, name), f"{path}.{name}"
        for field in REQUIRED.get(name, ()):
            if not getattr(source, field):
                yield required(f"{where}.{field}")
        check = _CHECKS.get(name)
        if check is not None:
            yield from check(source, where)


def _validate_mode(mode: int | None, path: str) -> Iterator[FieldError]:
    if mode is not None and not 0 <= mode <= 0o777:
        yield invalid(path, mode, MODE)


def _validate_files(source: Any, path: str) -> Iterator[FieldError]:
    """A Secret or ConfigMap as files."""
    yield from _validate_mode(source.defaultMode, f"{path}.defaultMode")
    yield from _validate_items(source.items, f"{path}.items")


def _validate_items(items: tuple[KeyToPath, ...], path: str) -> Iterator[FieldError]:
    for index, item in enumerate(items):
        where = f"{path}[{index}]"
        if not item.key:
            yield required(f"{where}.key")
        yield from _validate_path(item.path, f"{where}.path")
        yield from _validate_mode(item.mode, f"{where}.mode")


def _validate_path(path: str, where: str) -> Iterator[FieldError]:
    if not path:
        yield required(where)
    problems = check_local_path(path)
    if not problems and path.startswith("..") and not path.startswith("../"):
        problems = ["must not start with '..'"]
    for problem in problems:
        yield invalid(where, path, problem)


def _validate_downward(source: Any, path: str) -> Iterator[FieldError]:
    yield from _validate_mode(source.defaultMode, f"{path}.defaultMode")
    yield from _validate_downward_items(source.items, f"{path}.items")


def _validate_downward_items(items: tuple[DownwardAPIVolumeFile, ...], path: str) -> Iterator[FieldError]:
    for index, item in enumerate(items):
        where = f"{path}[{index}]"
        yield from _validate_path(item.path, f"{where}.path")
        if item.fieldRef is not None:
            yield from validate_field_ref(item.fieldRef, f"{where}.fieldRef", DOWNWARD_FIELDS)
            if item.resourceFieldRef is not None:
                yield invalid(
                    where, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"
                )
        elif item.resourceFieldRef is not None:
            yield from validate_resource_ref(item.resourceFieldRef, f"{where}.resourceFieldRef", volume=True)
        else:
            yield required(where, "one of fieldRef and resourceFieldRef is required")
        yield from _validate_mode(item.mode, f"{where}.mode")


def _validate_projected(source: ProjectedVolumeSource, path: str) -> Iterator[FieldError]:
    yield from _validate_mode(source.defaultMode, f"{path}.defaultMode")
    places: set[str] = set()
    for index, projection in enumerate(source.sources):
        where = f"{path}.sources[{index}]"
        found = source_of(projection, PROJECTIONS)
        if not found:
            yield required(where, "must specify a volume type")
        for name in found[1:]:
            yield forbidden(f"{where}.{name}", "may not specify more than 1 volume type")
        yield from _validate_projection(projection, where)
        for place in _places(projection):
            if place in places:
                yield invalid(where, place, "conflicting duplicate paths")
            places.add(place)


def _validate_projection(projection: VolumeProjection, path: str) -> Iterator[FieldError]:
    for kind, files in (("secret", projection.secret), ("configMap", projection.configMap)):
        if files is not None:
            if not files.name:
                yield required(f"{path}.{kind}.name")
            yield from _validate_items(files.items, f"{path}.{kind}.items")
    if projection.downwardAPI is not None:
        yield from _validate_downward_items(projection.downwardAPI.items, f"{path}.downwardAPI.items")
    token = projection.serviceAccountToken
    if token is not None:
        where = f"{path}.serviceAccountToken"
        if token.expirationSeconds < TOKEN_SECONDS:
            detail = "may not specify a duration less than 10 minutes"
            yield invalid(f"{where}.expirationSeconds", token.expirationSeconds, detail)
        if token.expirationSeconds > 1 << 32:
            detail = "may not specify a duration larger than 2^32 seconds"
            yield invalid(f"{where}.expirationSeconds", token.expirationSeconds, detail)
        yield from _validate_path(token.path, f"{where}.path")
    bundle = projection.clusterTrustBundle
    if bundle is not None:
        where = f"{path}.clusterTrustBundle"
        if bool(bundle.name) is bool(bundle.signerName):
            yield invalid(where, bundle, "exactly one of name and signerName must be set")
        yield from _validate_path(bundle.path, f"{where}.path")


def _places(projection: VolumeProjection) -> Iterator[str]:
    for files in (projection.secret, projection.configMap, projection.downwardAPI):
        if files is not None:
            yield from (item.path for item in files.items if item.path)
    for single in (projection.serviceAccountToken, projection.clusterTrustBundle):
        if single is not None and single.path:
            yield single.path


def _validate_host_path(source: Any, path: str) -> Iterator[FieldError]:
    if ".." in source.path.split("/"):
        yield invalid(f"{path}.path", source.path, "must not contain '..'")


def _validate_empty_dir(source: Any, path: str) -> Iterator[FieldError]:
    if source.sizeLimit and quantity.parse(source.sizeLimit).nanos < 0:
        yield forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def _validate_nfs(source: Any, path: str) -> Iterator[FieldError]:
    if source.path and not source.path.startswith("/"):
        yield invalid(f"{path}.path", source.path, "must be an absolute path")


def _validate_claim(source: Any, path: str) -> Iterator[FieldError]:
    for problem in check_subdomain(source.claimName) if source.claimName else ():
        yield invalid(f"{path}.claimName", source.claimName, problem)


_CHECKS = {
    "configMap": _validate_files,
    "secret": _validate_files,
    "downwardAPI": _validate_downward,
    "projected": _validate_projected,
    "hostPath": _validate_host_path,
    "emptyDir": _validate_empty_dir,
    "nfs": _validate_nfs,
    "persistentVolumeClaim": _validate_claim,
}
