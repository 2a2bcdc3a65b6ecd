"""Secret: data that not everybody may read."""

from __future__ import annotations

from collections.abc import Mapping

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Bytes


@resource("v1", "secrets")
class Secret(Object):
    data: Mapping[str, Bytes] = {}
    immutable: bool | None = None
    stringData: Mapping[str, str] = {}
    type: str = "Opaque"
