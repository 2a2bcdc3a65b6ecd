"""Scale: the replica count of anything that scales."""

from __future__ import annotations

from wherry.api.columns import AGE, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int32, Part


class ScaleSpec(Part):
    replicas: Int32 | None = None


class ScaleStatus(Part):
    replicas: Int32 = 0
    selector: str = ""


@resource(
    "autoscaling/v1",
    columns=(
        column("Name", lambda scale: scale.metadata.name),
        column("Desired", lambda scale: scale.spec.replicas or 0, "integer"),
        column("Available", lambda scale: scale.status.replicas, "integer"),
        AGE,
    ),
)
class Scale(Object):
    spec: ScaleSpec = ScaleSpec()
    status: ScaleStatus = ScaleStatus()
