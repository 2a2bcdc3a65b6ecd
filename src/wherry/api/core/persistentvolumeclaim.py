"""PersistentVolumeClaim: a request for storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from wherry.api.columns import AGE, NAME, Cell, access_modes, column, or_unset, wide
from wherry.api.core.container import VolumeResourceRequirements
from wherry.api.core.reference import TypedLocalObjectReference, TypedObjectReference
from wherry.api.core.volumehealth import VolumeHealthCondition
from wherry.api.registry import resource
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Atomic, Granular, ListMap, Merge, OneOf, Part, Quantity, Time, Tree


class ModifyVolumeStatus(Part):
    status: str = ""
    targetVolumeAttributesClassName: str = ""


class PersistentVolumeClaimCondition(Part):
    lastProbeTime: Time = ""
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class PersistentVolumeClaimSpec(Part):
    accessModes: Annotated[tuple[str, ...], Atomic()] = ()
    dataSource: TypedLocalObjectReference | None = None
    dataSourceRef: TypedObjectReference | None = None
    resources: VolumeResourceRequirements = VolumeResourceRequirements()
    selector: LabelSelector | None = None
    storageClassName: str | None = None
    volumeAttributesClassName: str | None = None
    volumeMode: Annotated[str, OneOf("Block", "Filesystem")] = "Filesystem"
    volumeName: str = ""


class VolumeHealthStatus(Part):
    healthConditions: Annotated[
        tuple[VolumeHealthCondition, ...], ListMap("status", "reason"), Merge("merge", "status")
    ] = ()
    lastTransitionTime: Time = ""


class PersistentVolumeClaimStatus(Part):
    accessModes: Annotated[tuple[str, ...], Atomic()] = ()
    allocatedResourceStatuses: Annotated[Mapping[str, str], Granular()] = {}
    allocatedResources: Mapping[str, Quantity] = {}
    capacity: Mapping[str, Quantity] = {}
    conditions: Annotated[
        tuple[PersistentVolumeClaimCondition, ...], ListMap("type"), Merge("merge", "type")
    ] = ()
    currentVolumeAttributesClassName: str = ""
    healthStatus: VolumeHealthStatus | None = None
    modifyVolumeStatus: ModifyVolumeStatus | None = None
    phase: str = ""


CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def class_of(found: Any) -> str:
    """The StorageClass of a claim or volume: older objects say it in an annotation."""
    return str(found.metadata.annotations.get(CLASS_ANNOTATION) or found.spec.storageClassName or "")


def prepare(tree: Tree, old: Tree | None) -> None:
    """A new claim is pending; where it gets its data from is said in two fields, the old and the general one."""
    if old is not None:
        return
    tree["status"] = {"phase": "Pending"}
    spec = tree.setdefault("spec", {})
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and not reference:
        spec["dataSourceRef"] = dict(source)
    elif reference and not source and not reference.get("namespace"):
        spec["dataSource"] = dict(reference)


def _bound(cell: Cell) -> Cell:
    """What only a bound claim has."""
    return lambda claim: cell(claim) if claim.spec.volumeName else ""


@resource(
    "v1",
    "persistentvolumeclaims",
    prepare=prepare,
    columns=(
        NAME,
        column(
            "Status",
            lambda claim: "Terminating" if claim.metadata.deletionTimestamp else claim.status.phase,
        ),
        column("Volume", lambda claim: claim.spec.volumeName),
        column("Capacity", _bound(lambda claim: claim.status.capacity.get("storage", "0"))),
        column("Access Modes", _bound(lambda claim: access_modes(claim.status.accessModes))),
        column("StorageClass", class_of),
        column("VolumeAttributesClass", lambda claim: or_unset(claim.spec.volumeAttributesClassName)),
        AGE,
        wide("VolumeMode", lambda claim: or_unset(claim.spec.volumeMode)),
    ),
)
class PersistentVolumeClaim(Object):
    spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()
    status: PersistentVolumeClaimStatus = PersistentVolumeClaimStatus()

    @staticmethod
    def complete(tree: Tree) -> None:
        tree.setdefault("status", {}).setdefault("phase", "Pending")
