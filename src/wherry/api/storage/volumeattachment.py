"""VolumeAttachment: a volume that is to be attached to a node."""

from __future__ import annotations

from collections.abc import Mapping

from wherry.api.columns import AGE, NAME, column
from wherry.api.core.persistentvolume import PersistentVolumeSpec
from wherry.api.registry import resource
from wherry.machinery.meta import Object
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


@resource(
    "storage.k8s.io/v1",
    "volumeattachments",
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
