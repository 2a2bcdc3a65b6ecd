"""RuntimeClass: how a node's runtime runs a Pod."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.core.affinity import Toleration
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Part, Quantity


class Overhead(Part):
    podFixed: Mapping[str, Quantity] = {}


class Scheduling(Part):
    nodeSelector: Annotated[Mapping[str, str], Atomic()] = {}
    tolerations: Annotated[tuple[Toleration, ...], Atomic()] = ()


@resource(
    "node.k8s.io/v1",
    "runtimeclasses",
    columns=(NAME, column("Handler", lambda found: found.handler), AGE),
    create_on_update=True,
    needs_version=True,
)
class RuntimeClass(Object):
    handler: str = ""
    overhead: Overhead | None = None
    scheduling: Scheduling | None = None
