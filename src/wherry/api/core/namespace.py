"""Namespace: a scope for names."""

from __future__ import annotations

from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, ListMap, Merge, Part, Time


class NamespaceCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class NamespaceSpec(Part):
    finalizers: Annotated[tuple[str, ...], Atomic()] = ()


class NamespaceStatus(Part):
    conditions: Annotated[tuple[NamespaceCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
    phase: str = "Active"


@resource("v1", "namespaces")
class Namespace(Object):
    spec: NamespaceSpec = NamespaceSpec()
    status: NamespaceStatus = NamespaceStatus()
