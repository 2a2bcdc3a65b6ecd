"""VolumeAttributesClass: properties of a volume that can change."""

from __future__ import annotations

from collections.abc import Mapping

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource(
    "storage.k8s.io/v1",
    "volumeattributesclasses",
    columns=(NAME, column("DriverName", lambda found: found.driverName), AGE),
)
class VolumeAttributesClass(Object):
    driverName: str = ""
    parameters: Mapping[str, str] = {}
