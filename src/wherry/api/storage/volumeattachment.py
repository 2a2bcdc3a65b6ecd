"""VolumeAttachment: a volume that is to be attached to a node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wherry.api.columns import AGE, NAME, column
from wherry.api.core.persistentvolume import PersistentVolumeSpec
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.errors import FieldError, forbidden, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_subdomain
from wherry.machinery.schema import Int32, Part, Time


class VolumeAttachmentSource(Part):
    inlineVolumeSpec: PersistentVolumeSpec | None = None
    persistentVolumeName: str = ""


class VolumeAttachmentSpec(Part):
    attacher: str = ""
    nodeName: str = ""
    source: VolumeAttachmentSource = VolumeAttachmentSource()


class VolumeError(Part):
    errorCode: Int32 | None = None
    message: str = ""
    time: Time = ""


class VolumeAttachmentStatus(Part):
    attachError: VolumeError | None = None
    attached: bool = False
    attachmentMetadata: Mapping[str, str] = {}
    detachError: VolumeError | None = None


def validate(new: VolumeAttachment, old: VolumeAttachment | None) -> Iterator[FieldError]:
    spec = new.spec
    if not spec.attacher:
        yield required("spec.attacher")
    for problem in check_subdomain(spec.nodeName):
        yield invalid("spec.nodeName", spec.nodeName, problem)
    source = spec.source
    if source.inlineVolumeSpec is None and not source.persistentVolumeName:
        yield required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName")
    elif source.inlineVolumeSpec is not None and source.persistentVolumeName:
        detail = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
        yield forbidden("spec.source", detail)
    if old is not None:
        yield from immutable("spec", spec, old.spec)


@resource(
    "storage.k8s.io/v1",
    "volumeattachments",
    validate=validate,
    columns=(
        NAME,
        column("Attacher", lambda found: found.spec.attacher, format="name"),
        column("PV", lambda found: found.spec.source.persistentVolumeName),
        column("Node", lambda found: found.spec.nodeName),
        column("Attached", lambda found: found.status.attached, "boolean"),
        AGE,
    ),
    needs_version=True,
)
class VolumeAttachment(Object):
    spec: VolumeAttachmentSpec = VolumeAttachmentSpec()
    status: VolumeAttachmentStatus = VolumeAttachmentStatus()
