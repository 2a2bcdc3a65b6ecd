"""PersistentVolumeClaim: a request for storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.core.container import VolumeResourceRequirements
from wherry.api.core.reference import TypedLocalObjectReference, TypedObjectReference
from wherry.api.core.volumehealth import VolumeHealthCondition
from wherry.api.registry import resource
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Atomic, Granular, ListMap, Merge, Part, Quantity, Time


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
    volumeMode: str = "Filesystem"
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


@resource("v1", "persistentvolumeclaims")
class PersistentVolumeClaim(Object):
    spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()
    status: PersistentVolumeClaimStatus = PersistentVolumeClaimStatus()
