"""PersistentVolume: a piece of storage in the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, access_modes, column, or_unset, wide
from wherry.api.core.affinity import VolumeNodeAffinity
from wherry.api.core.affinityvalidation import validate_node_selector
from wherry.api.core.persistentvolumeclaim import class_of, validate_access_modes
from wherry.api.core.reference import ObjectReference
from wherry.api.core.volume import (
    AWSElasticBlockStoreVolumeSource,
    AzureDiskVolumeSource,
    AzureFilePersistentVolumeSource,
    CephFSPersistentVolumeSource,
    CinderPersistentVolumeSource,
    CSIPersistentVolumeSource,
    FCVolumeSource,
    FlexPersistentVolumeSource,
    FlockerVolumeSource,
    GCEPersistentDiskVolumeSource,
    GlusterfsPersistentVolumeSource,
    HostPathVolumeSource,
    ISCSIPersistentVolumeSource,
    LocalVolumeSource,
    NFSVolumeSource,
    PhotonPersistentDiskVolumeSource,
    PortworxVolumeSource,
    QuobyteVolumeSource,
    RBDPersistentVolumeSource,
    ScaleIOPersistentVolumeSource,
    StorageOSPersistentVolumeSource,
    VsphereVirtualDiskVolumeSource,
)
from wherry.api.core.volumevalidation import source_of, validate_sources
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery import quantity
from wherry.machinery.differences import difference
from wherry.machinery.errors import FieldError, forbidden, invalid, not_supported, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_subdomain
from wherry.machinery.schema import Atomic, Granular, OneOf, Part, Quantity, Time, Tree, edit


class PersistentVolumeSpec(Part):
    accessModes: Annotated[tuple[str, ...], Atomic()] = ()
    awsElasticBlockStore: AWSElasticBlockStoreVolumeSource | None = None
    azureDisk: AzureDiskVolumeSource | None = None
    azureFile: AzureFilePersistentVolumeSource | None = None
    capacity: Mapping[str, Quantity] = {}
    cephfs: CephFSPersistentVolumeSource | None = None
    cinder: CinderPersistentVolumeSource | None = None
    claimRef: Annotated[ObjectReference, Granular()] | None = None
    csi: CSIPersistentVolumeSource | None = None
    fc: FCVolumeSource | None = None
    flexVolume: FlexPersistentVolumeSource | None = None
    flocker: FlockerVolumeSource | None = None
    gcePersistentDisk: GCEPersistentDiskVolumeSource | None = None
    glusterfs: GlusterfsPersistentVolumeSource | None = None
    hostPath: HostPathVolumeSource | None = None
    iscsi: ISCSIPersistentVolumeSource | None = None
    local: LocalVolumeSource | None = None
    mountOptions: Annotated[tuple[str, ...], Atomic()] = ()
    nfs: NFSVolumeSource | None = None
    nodeAffinity: VolumeNodeAffinity | None = None
    persistentVolumeReclaimPolicy: Annotated[str, OneOf("Delete", "Recycle", "Retain")] = "Retain"
    photonPersistentDisk: PhotonPersistentDiskVolumeSource | None = None
    portworxVolume: PortworxVolumeSource | None = None
    quobyte: QuobyteVolumeSource | None = None
    rbd: RBDPersistentVolumeSource | None = None
    scaleIO: ScaleIOPersistentVolumeSource | None = None
    storageClassName: str | None = None
    storageos: StorageOSPersistentVolumeSource | None = None
    volumeAttributesClassName: str | None = None
    volumeMode: Annotated[str, OneOf("Block", "Filesystem")] = "Filesystem"
    vsphereVolume: VsphereVirtualDiskVolumeSource | None = None


class PersistentVolumeStatus(Part):
    lastPhaseTransitionTime: Time = ""
    message: str = ""
    phase: str = ""
    reason: str = ""


def _claim(volume: PersistentVolume) -> str:
    claim = volume.spec.claimRef
    return f"{claim.namespace}/{claim.name}" if claim is not None else ""


def prepare(tree: Tree, old: Tree | None) -> None:
    if old is None:
        created = tree.get("metadata", {}).get("creationTimestamp")
        tree["status"] = {"phase": "Pending"}
        if created:
            tree["status"]["lastPhaseTransitionTime"] = created


SOURCES = tuple(name for name, hint in PersistentVolumeSpec.__annotations__.items() if "VolumeSource" in hint)


def validate(new: PersistentVolume, old: PersistentVolume | None) -> Iterator[FieldError]:
    spec = new.spec
    if old is not None and spec == old.spec:
        return
    if not spec.accessModes:
        yield required("spec.accessModes")
    yield from validate_access_modes(spec.accessModes, "spec.accessModes")
    if not spec.capacity:
        yield required("spec.capacity")
    for name, text in spec.capacity.items():
        if name != "storage":
            yield not_supported("spec.capacity", name, ("storage",))
        elif quantity.parse(text).nanos <= 0:
            yield invalid("spec.capacity[storage]", text, "must be greater than zero")
    found = source_of(spec, SOURCES)
    yield from validate_sources(spec, found, "spec")
    if not found:
        yield required("spec", "must specify a volume type")
    if (
        spec.hostPath is not None
        and spec.hostPath.path == "/"
        and spec.persistentVolumeReclaimPolicy == "Recycle"
    ):
        yield forbidden("spec.hostPath", "may not be '/' for a PersistentVolumeReclaimPolicy of 'Recycle'")
    if spec.nodeAffinity is not None and spec.nodeAffinity.required is not None:
        yield from validate_node_selector(spec.nodeAffinity.required, "spec.nodeAffinity.required")
    elif spec.nodeAffinity is not None:
        yield required("spec.nodeAffinity.required", "must specify required node constraints")
    elif spec.local is not None:
        yield required("spec.nodeAffinity", "Local volume requires node affinity")
    for problem in check_subdomain(spec.storageClassName) if spec.storageClassName else ():
        yield invalid("spec.storageClassName", spec.storageClassName, problem)
    if old is not None:
        yield from _validate_update(spec, old.spec)


def _validate_update(new: PersistentVolumeSpec, old: PersistentVolumeSpec) -> Iterator[FieldError]:
    sources = [
        edit(PersistentVolumeSpec(), **{name: getattr(spec, name) for name in SOURCES}) for spec in (new, old)
    ]
    if sources[0] != sources[1]:
        detail = "spec.persistentvolumesource is immutable after creation"
        yield forbidden("spec.persistentvolumesource", f"{detail}\n{difference(sources[1], sources[0])}\n")
    # The paths of these two are printed without spec.
    yield from immutable("volumeMode", new.volumeMode, old.volumeMode)
    if old.nodeAffinity is not None:
        yield from immutable("nodeAffinity", new.nodeAffinity, old.nodeAffinity)


@resource(
    "v1",
    "persistentvolumes",
    validate=validate,
    prepare=prepare,
    columns=(
        NAME,
        column("Capacity", lambda volume: volume.spec.capacity.get("storage", "0")),
        column("Access Modes", lambda volume: access_modes(volume.spec.accessModes)),
        column("Reclaim Policy", lambda volume: volume.spec.persistentVolumeReclaimPolicy),
        column(
            "Status",
            lambda volume: "Terminating" if volume.metadata.deletionTimestamp else volume.status.phase,
        ),
        column("Claim", _claim),
        column("StorageClass", class_of),
        column("VolumeAttributesClass", lambda volume: or_unset(volume.spec.volumeAttributesClassName)),
        column("Reason", lambda volume: volume.status.reason),
        AGE,
        wide("VolumeMode", lambda volume: or_unset(volume.spec.volumeMode)),
    ),
)
class PersistentVolume(Object):
    spec: PersistentVolumeSpec = PersistentVolumeSpec()
    status: PersistentVolumeStatus = PersistentVolumeStatus()

    @staticmethod
    def complete(tree: Tree) -> None:
        tree.setdefault("status", {}).setdefault("phase", "Pending")
