"""Volume: what a Pod can mount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.core.container import ObjectFieldSelector, ResourceFieldSelector
from wherry.api.core.persistentvolumeclaim import PersistentVolumeClaimSpec
from wherry.api.core.poddefaults import pull_policy
from wherry.api.core.reference import LocalObjectReference, ObjectReference, SecretReference
from wherry.machinery.meta import LabelSelector, ObjectMeta
from wherry.machinery.schema import Atomic, Int32, Int64, OneOf, Part, Quantity, Tree, Written


class AWSElasticBlockStoreVolumeSource(Part):
    fsType: str = ""
    partition: Int32 | None = None
    readOnly: bool = False
    volumeID: str = ""


class AzureDiskVolumeSource(Part):
    cachingMode: Annotated[str, OneOf("None", "ReadOnly", "ReadWrite")] = "ReadWrite"
    diskName: str = ""
    diskURI: str = ""
    fsType: str = "ext4"
    kind: Annotated[str, OneOf("Dedicated", "Managed", "Shared")] = "Shared"
    readOnly: Annotated[bool, Written()] = False


class AzureFilePersistentVolumeSource(Part):
    readOnly: bool = False
    secretName: str = ""
    secretNamespace: str = ""
    shareName: str = ""


class AzureFileVolumeSource(Part):
    readOnly: bool = False
    secretName: str = ""
    shareName: str = ""


class CSIPersistentVolumeSource(Part):
    controllerExpandSecretRef: SecretReference | None = None
    controllerPublishSecretRef: SecretReference | None = None
    driver: str = ""
    fsType: str = ""
    nodeExpandSecretRef: SecretReference | None = None
    nodePublishSecretRef: SecretReference | None = None
    nodeStageSecretRef: SecretReference | None = None
    readOnly: bool = False
    volumeAttributes: Mapping[str, str] = {}
    volumeHandle: str = ""


class CSIVolumeSource(Part):
    driver: str = ""
    fsType: str = ""
    nodePublishSecretRef: LocalObjectReference | None = None
    readOnly: bool = False
    volumeAttributes: Mapping[str, str] = {}


class CephFSPersistentVolumeSource(Part):
    monitors: Annotated[tuple[str, ...], Atomic()] = ()
    path: str = ""
    readOnly: bool = False
    secretFile: str = ""
    secretRef: SecretReference | None = None
    user: str = ""


class CephFSVolumeSource(Part):
    monitors: Annotated[tuple[str, ...], Atomic()] = ()
    path: str = ""
    readOnly: bool = False
    secretFile: str = ""
    secretRef: LocalObjectReference | None = None
    user: str = ""


class CinderPersistentVolumeSource(Part):
    fsType: str = ""
    readOnly: bool = False
    secretRef: SecretReference | None = None
    volumeID: str = ""


class CinderVolumeSource(Part):
    fsType: str = ""
    readOnly: bool = False
    secretRef: LocalObjectReference | None = None
    volumeID: str = ""


class ClusterTrustBundleProjection(Part):
    labelSelector: LabelSelector | None = None
    name: str = ""
    optional: bool = False
    path: str = ""
    signerName: str = ""
    user: Int64 | None = None


class KeyToPath(Part):
    key: str = ""
    mode: Int32 | None = None
    path: str = ""
    user: Int64 | None = None


class ConfigMapProjection(Part):
    items: Annotated[tuple[KeyToPath, ...], Atomic()] = ()
    name: str = ""
    optional: bool = False


class ConfigMapVolumeSource(Part):
    defaultMode: Int32 = 420
    defaultUser: Int64 | None = None
    items: Annotated[tuple[KeyToPath, ...], Atomic()] = ()
    name: str = ""
    optional: bool = False


class DownwardAPIVolumeFile(Part):
    fieldRef: ObjectFieldSelector | None = None
    mode: Int32 | None = None
    path: str = ""
    resourceFieldRef: ResourceFieldSelector | None = None
    user: Int64 | None = None


class DownwardAPIProjection(Part):
    items: Annotated[tuple[DownwardAPIVolumeFile, ...], Atomic()] = ()


class DownwardAPIVolumeSource(Part):
    defaultMode: Int32 = 420
    defaultUser: Int64 | None = None
    items: Annotated[tuple[DownwardAPIVolumeFile, ...], Atomic()] = ()


class EmptyDirVolumeSource(Part):
    medium: str = ""
    mode: Int32 | None = None
    sizeLimit: Quantity = ""


class PersistentVolumeClaimTemplate(Part):
    metadata: ObjectMeta = ObjectMeta()
    spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()


class EphemeralVolumeSource(Part):
    volumeClaimTemplate: PersistentVolumeClaimTemplate | None = None


class FCVolumeSource(Part):
    fsType: str = ""
    lun: Int32 | None = None
    readOnly: bool = False
    targetWWNs: Annotated[tuple[str, ...], Atomic()] = ()
    wwids: Annotated[tuple[str, ...], Atomic()] = ()


class FlexPersistentVolumeSource(Part):
    driver: str = ""
    fsType: str = ""
    options: Mapping[str, str] = {}
    readOnly: bool = False
    secretRef: SecretReference | None = None


class FlexVolumeSource(Part):
    driver: str = ""
    fsType: str = ""
    options: Mapping[str, str] = {}
    readOnly: bool = False
    secretRef: LocalObjectReference | None = None


class FlockerVolumeSource(Part):
    datasetName: str = ""
    datasetUUID: str = ""


class GCEPersistentDiskVolumeSource(Part):
    fsType: str = ""
    partition: Int32 | None = None
    pdName: str = ""
    readOnly: bool = False


class GitRepoVolumeSource(Part):
    directory: str = ""
    repository: str = ""
    revision: str = ""


class GlusterfsPersistentVolumeSource(Part):
    endpoints: str = ""
    endpointsNamespace: str = ""
    path: str = ""
    readOnly: bool = False


class GlusterfsVolumeSource(Part):
    endpoints: str = ""
    path: str = ""
    readOnly: bool = False


class HostPathVolumeSource(Part):
    path: str = ""
    type: Annotated[
        str,
        OneOf(
            "",
            "BlockDevice",
            "CharDevice",
            "Directory",
            "DirectoryOrCreate",
            "File",
            "FileOrCreate",
            "Socket",
        ),
        Written(),
    ] = ""


class ISCSIPersistentVolumeSource(Part):
    chapAuthDiscovery: bool = False
    chapAuthSession: bool = False
    fsType: str = ""
    initiatorName: str = ""
    iqn: str = ""
    iscsiInterface: str = "default"
    lun: Int32 = 0
    portals: Annotated[tuple[str, ...], Atomic()] = ()
    readOnly: bool = False
    secretRef: SecretReference | None = None
    targetPortal: str = ""


class ISCSIVolumeSource(Part):
    chapAuthDiscovery: bool = False
    chapAuthSession: bool = False
    fsType: str = ""
    initiatorName: str = ""
    iqn: str = ""
    iscsiInterface: str = "default"
    lun: Int32 = 0
    portals: Annotated[tuple[str, ...], Atomic()] = ()
    readOnly: bool = False
    secretRef: LocalObjectReference | None = None
    targetPortal: str = ""


class ImageVolumeSource(Part):
    pullPolicy: Annotated[str, OneOf("Always", "IfNotPresent", "Never")] = ""
    reference: str = ""

    @staticmethod
    def complete(tree: Tree) -> None:
        if not tree.get("pullPolicy"):
            tree["pullPolicy"] = pull_policy(tree.get("reference", ""))


class LocalVolumeSource(Part):
    fsType: str = ""
    path: str = ""


class NFSVolumeSource(Part):
    path: str = ""
    readOnly: bool = False
    server: str = ""


class PersistentVolumeClaimVolumeSource(Part):
    claimName: str = ""
    readOnly: bool = False


class PhotonPersistentDiskVolumeSource(Part):
    fsType: str = ""
    pdID: str = ""


class PodCertificateProjection(Part):
    certificateChainPath: str = ""
    credentialBundlePath: str = ""
    keyPath: str = ""
    keyType: str = ""
    maxExpirationSeconds: Int32 | None = None
    signerName: str = ""
    user: Int64 | None = None
    userAnnotations: Mapping[str, str] = {}


class PortworxVolumeSource(Part):
    fsType: str = ""
    readOnly: bool = False
    volumeID: str = ""


class SecretProjection(Part):
    items: Annotated[tuple[KeyToPath, ...], Atomic()] = ()
    name: str = ""
    optional: bool = False


class ServiceAccountTokenProjection(Part):
    audience: str = ""
    expirationSeconds: Int64 = 3600
    path: str = ""
    user: Int64 | None = None


class VolumeProjection(Part):
    clusterTrustBundle: ClusterTrustBundleProjection | None = None
    configMap: ConfigMapProjection | None = None
    downwardAPI: DownwardAPIProjection | None = None
    podCertificate: PodCertificateProjection | None = None
    secret: SecretProjection | None = None
    serviceAccountToken: ServiceAccountTokenProjection | None = None


class ProjectedVolumeSource(Part):
    defaultMode: Int32 = 420
    defaultUser: Int64 | None = None
    sources: Annotated[tuple[VolumeProjection, ...], Atomic()] = ()


class QuobyteVolumeSource(Part):
    group: str = ""
    readOnly: bool = False
    registry: str = ""
    tenant: str = ""
    user: str = ""
    volume: str = ""


class RBDPersistentVolumeSource(Part):
    fsType: str = ""
    image: str = ""
    keyring: str = "/etc/ceph/keyring"
    monitors: Annotated[tuple[str, ...], Atomic()] = ()
    pool: str = "rbd"
    readOnly: bool = False
    secretRef: SecretReference | None = None
    user: str = "admin"


class RBDVolumeSource(Part):
    fsType: str = ""
    image: str = ""
    keyring: str = "/etc/ceph/keyring"
    monitors: Annotated[tuple[str, ...], Atomic()] = ()
    pool: str = "rbd"
    readOnly: bool = False
    secretRef: LocalObjectReference | None = None
    user: str = "admin"


class ScaleIOPersistentVolumeSource(Part):
    fsType: str = "xfs"
    gateway: str = ""
    protectionDomain: str = ""
    readOnly: bool = False
    secretRef: SecretReference = SecretReference()
    sslEnabled: bool = False
    storageMode: str = "ThinProvisioned"
    storagePool: str = ""
    system: str = ""
    volumeName: str = ""


class ScaleIOVolumeSource(Part):
    fsType: str = "xfs"
    gateway: str = ""
    protectionDomain: str = ""
    readOnly: bool = False
    secretRef: LocalObjectReference = LocalObjectReference()
    sslEnabled: bool = False
    storageMode: str = "ThinProvisioned"
    storagePool: str = ""
    system: str = ""
    volumeName: str = ""


class SecretVolumeSource(Part):
    defaultMode: Int32 = 420
    defaultUser: Int64 | None = None
    items: Annotated[tuple[KeyToPath, ...], Atomic()] = ()
    optional: bool = False
    secretName: str = ""


class StorageOSPersistentVolumeSource(Part):
    fsType: str = ""
    readOnly: bool = False
    secretRef: ObjectReference | None = None
    volumeName: str = ""
    volumeNamespace: str = ""


class StorageOSVolumeSource(Part):
    fsType: str = ""
    readOnly: bool = False
    secretRef: LocalObjectReference | None = None
    volumeName: str = ""
    volumeNamespace: str = ""


class VsphereVirtualDiskVolumeSource(Part):
    fsType: str = ""
    storagePolicyID: str = ""
    storagePolicyName: str = ""
    volumePath: str = ""


class Volume(Part):
    awsElasticBlockStore: AWSElasticBlockStoreVolumeSource | None = None
    azureDisk: AzureDiskVolumeSource | None = None
    azureFile: AzureFileVolumeSource | None = None
    cephfs: CephFSVolumeSource | None = None
    cinder: CinderVolumeSource | None = None
    configMap: ConfigMapVolumeSource | None = None
    csi: CSIVolumeSource | None = None
    downwardAPI: DownwardAPIVolumeSource | None = None
    emptyDir: EmptyDirVolumeSource | None = None
    ephemeral: EphemeralVolumeSource | None = None
    fc: FCVolumeSource | None = None
    flexVolume: FlexVolumeSource | None = None
    flocker: FlockerVolumeSource | None = None
    gcePersistentDisk: GCEPersistentDiskVolumeSource | None = None
    gitRepo: GitRepoVolumeSource | None = None
    glusterfs: GlusterfsVolumeSource | None = None
    hostPath: HostPathVolumeSource | None = None
    image: ImageVolumeSource | None = None
    iscsi: ISCSIVolumeSource | None = None
    name: str = ""
    nfs: NFSVolumeSource | None = None
    persistentVolumeClaim: PersistentVolumeClaimVolumeSource | None = None
    photonPersistentDisk: PhotonPersistentDiskVolumeSource | None = None
    portworxVolume: PortworxVolumeSource | None = None
    projected: ProjectedVolumeSource | None = None
    quobyte: QuobyteVolumeSource | None = None
    rbd: RBDVolumeSource | None = None
    scaleIO: ScaleIOVolumeSource | None = None
    secret: SecretVolumeSource | None = None
    storageos: StorageOSVolumeSource | None = None
    vsphereVolume: VsphereVirtualDiskVolumeSource | None = None

    @staticmethod
    def complete(tree: Tree) -> None:
        if len(tree) < 2 and tree.keys() <= {"name"}:
            tree["emptyDir"] = {}
