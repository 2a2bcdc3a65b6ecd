"""ConfigMap: configuration data for Pods."""

from __future__ import annotations

from collections.abc import Mapping

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Bytes


@resource(
    "v1",
    "configmaps",
    columns=(NAME, column("Data", lambda found: len(found.data) + len(found.binaryData)), AGE),
)
class ConfigMap(Object):
    binaryData: Mapping[str, Bytes] = {}
    data: Mapping[str, str] = {}
    immutable: bool | None = None
