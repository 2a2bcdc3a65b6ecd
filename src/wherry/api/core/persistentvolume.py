"""PersistentVolume: a piece of storage in the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, access_modes, column, or_unset, wide
from wherry.api.core.affinity import VolumeNodeAffinity
from wherry.api.core.persistentvolumeclaim import class_of
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
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Granular, OneOf, Part, Quantity, Time, Tree


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


@resource(
    "v1",
    "persistentvolumes",
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
