"""RuntimeClass: how a node's runtime runs a Pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.core.affinity import Toleration
from wherry.api.core.affinityvalidation import validate_tolerations
from wherry.api.core.resourcevalidation import check_amount
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.errors import FieldError, invalid
from wherry.machinery.labels import validate_labels
from wherry.machinery.meta import Object
from wherry.machinery.names import check_label
from wherry.machinery.schema import Atomic, Part, Quantity


class Overhead(Part):
    podFixed: Mapping[str, Quantity] = {}


class Scheduling(Part):
    nodeSelector: Annotated[Mapping[str, str], Atomic()] = {}
    tolerations: Annotated[tuple[Toleration, ...], Atomic()] = ()


def validate(new: RuntimeClass, old: RuntimeClass | None) -> Iterator[FieldError]:
    for problem in check_label(new.handler):
        yield invalid("handler", new.handler, problem)
    if new.overhead is not None:
        for name, text in new.overhead.podFixed.items():
            for problem in check_amount(name, text):
                yield invalid(f"overhead.podFixed[{name}]", text, problem)
    if new.scheduling is not None:
        yield from validate_labels(new.scheduling.nodeSelector, "scheduling.nodeSelector")
        yield from validate_tolerations(new.scheduling.tolerations, "scheduling.tolerations")
    if old is not None:
        yield from immutable("handler", new.handler, old.handler)


@resource(
    "node.k8s.io/v1",
    "runtimeclasses",
    validate=validate,
    columns=(NAME, column("Handler", lambda found: found.handler), AGE),
    create_on_update=True,
    needs_version=True,
)
class RuntimeClass(Object):
    handler: str = ""
    overhead: Overhead | None = None
    scheduling: Scheduling | None = None
