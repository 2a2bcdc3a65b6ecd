"""ControllerRevision: a remembered state of a DaemonSet or StatefulSet."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.columns import AGE, NAME, NONE, column
from wherry.api.registry import resource
from wherry.api.rules import NOT_NEGATIVE, immutable
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int64, Raw


def _controller(found: ControllerRevision) -> str:
    for owner in found.metadata.ownerReferences:
        if owner.controller:
            group = owner.apiVersion.rpartition("/")[0]
            return (
                f"{owner.kind}.{group}/{owner.name}".lower()
                if group
                else f"{owner.kind}/{owner.name}".lower()
            )
    return NONE


def validate(new: ControllerRevision, old: ControllerRevision | None) -> Iterator[FieldError]:
    if new.data is None:
        yield required("data", "data is mandatory")
    if (new.revision or 0) < 0:
        yield invalid("revision", new.revision, NOT_NEGATIVE)
    if old is not None:
        yield from immutable("data", new.data, old.data)


@resource(
    "apps/v1",
    "controllerrevisions",
    validate=validate,
    columns=(
        NAME,
        column("Controller", _controller),
        column("Revision", lambda found: found.revision or 0),
        AGE,
    ),
)
class ControllerRevision(Object):
    data: Raw | None = None
    revision: Int64 | None = None
