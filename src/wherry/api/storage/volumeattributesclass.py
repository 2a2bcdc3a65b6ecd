"""VolumeAttributesClass: properties of a volume that can change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError, forbidden, required
from wherry.machinery.meta import Object


def validate(new: VolumeAttributesClass, old: VolumeAttributesClass | None) -> Iterator[FieldError]:
    if not new.driverName:
        yield required("driverName")
    if not new.parameters:
        yield required("parameters", "must contain at least one key/value pair")
    if old is not None:
        for field in ("driverName", "parameters"):
            if getattr(new, field) != getattr(old, field):
                yield forbidden(field, f"updates to {field} are forbidden.")


@resource(
    "storage.k8s.io/v1",
    "volumeattributesclasses",
    validate=validate,
    columns=(NAME, column("DriverName", lambda found: found.driverName), AGE),
)
class VolumeAttributesClass(Object):
    driverName: str = ""
    parameters: Mapping[str, str] = {}
