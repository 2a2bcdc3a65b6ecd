"""PersistentVolumeClaim: a request for storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from wherry.api.columns import AGE, NAME, Cell, access_modes, column, or_unset, wide
from wherry.api.core.container import VolumeResourceRequirements
from wherry.api.core.reference import TypedLocalObjectReference, TypedObjectReference
from wherry.api.core.volumehealth import VolumeHealthCondition
from wherry.api.registry import resource
from wherry.machinery import quantity
from wherry.machinery.differences import difference
from wherry.machinery.errors import FieldError, forbidden, invalid, not_supported, required
from wherry.machinery.labels import validate_label_selector
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.names import check_subdomain
from wherry.machinery.schema import Atomic, Granular, ListMap, Merge, OneOf, Part, Quantity, Time, Tree, edit


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


ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
CLAIM_FIXED = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def validate_access_modes(modes: tuple[str, ...], path: str) -> Iterator[FieldError]:
    for mode in modes:
        if mode not in ACCESS_MODES:
            yield not_supported(path, mode, ACCESS_MODES)
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield forbidden(path, "may not use ReadWriteOncePod with other access modes")


def validate_claim_spec(spec: PersistentVolumeClaimSpec, path: str) -> Iterator[FieldError]:
    if not spec.accessModes:
        yield required(f"{path}.accessModes", "at least 1 access mode is required")
    yield from validate_access_modes(spec.accessModes, f"{path}.accessModes")
    yield from validate_label_selector(spec.selector, f"{path}.selector")
    storage = spec.resources.requests.get("storage")
    if storage is None:
        yield required(f"{path}.resources[storage]")
    elif quantity.parse(storage).nanos <= 0:
        yield invalid(f"{path}.resources[storage]", storage, "must be greater than zero")
    for problem in check_subdomain(spec.storageClassName) if spec.storageClassName else ():
        yield invalid(f"{path}.storageClassName", spec.storageClassName, problem)
    for field in ("dataSource", "dataSourceRef"):
        source = getattr(spec, field)
        if source is None:
            continue
        for name in ("name", "kind"):
            if not getattr(source, name):
                yield required(f"{path}.{field}.{name}")
        if not source.apiGroup and source.kind != "PersistentVolumeClaim":
            detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
            yield invalid(f"{path}.{field}", source.kind, detail)


def validate(new: PersistentVolumeClaim, old: PersistentVolumeClaim | None) -> Iterator[FieldError]:
    if old is not None and new.spec == old.spec:
        return
    yield from validate_claim_spec(new.spec, "spec")
    if old is not None:
        yield from _validate_update(new, old)


def _validate_update(new: PersistentVolumeClaim, old: PersistentVolumeClaim) -> Iterator[FieldError]:
    before, after = old.spec, new.spec
    # Until somebody looks for a volume, class and volume may still be filled in.
    changes: dict[str, Any] = {"volumeAttributesClassName": before.volumeAttributesClassName}
    if not before.volumeName:
        changes["volumeName"] = before.volumeName
    if before.storageClassName is None:
        changes["storageClassName"] = None
    bound = old.status.phase == "Bound"
    if bound:
        changes["resources"] = edit(after.resources, requests=before.resources.requests)
    rest = edit(after, **changes)
    if rest != before:
        yield forbidden("spec", f"{CLAIM_FIXED}\n{difference(before, rest)}\n")
    wanted, asked = (
        after.resources.requests.get("storage", "0"),
        before.resources.requests.get("storage", "0"),
    )
    if not bound or quantity.parse(wanted) >= quantity.parse(asked):
        return
    capacity = old.status.capacity.get("storage", "0")
    if quantity.parse(wanted) < quantity.parse(capacity):
        yield forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")
    elif not old.status.allocatedResourceStatuses:
        yield forbidden("spec.resources.requests.storage", "field can not be less than previous value")


@resource(
    "v1",
    "persistentvolumeclaims",
    validate=validate,
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
