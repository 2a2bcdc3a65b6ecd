"""ControllerRevision: a remembered state of a DaemonSet or StatefulSet."""

from __future__ import annotations

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int64, Raw


@resource("apps/v1", "controllerrevisions")
class ControllerRevision(Object):
    data: Raw | None = None
    revision: Int64 | None = None
