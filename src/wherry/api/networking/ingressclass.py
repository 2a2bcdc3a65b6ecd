"""IngressClass: which controller serves an Ingress."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NONE, column, flagged_name
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import OneOf, Part


class IngressClassParametersReference(Part):
    apiGroup: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    scope: Annotated[str, OneOf("Cluster", "Namespace")] = "Cluster"


class IngressClassSpec(Part):
    controller: str | None = None
    parameters: IngressClassParametersReference | None = None


def _parameters(found: IngressClass) -> str:
    parameters = found.spec.parameters
    if parameters is None:
        return NONE
    kind = f"{parameters.kind}.{parameters.apiGroup}" if parameters.apiGroup else parameters.kind
    return f"{kind}/{parameters.name}"


@resource(
    "networking.k8s.io/v1",
    "ingressclasses",
    columns=(
        flagged_name("ingressclass.kubernetes.io/is-default-class"),
        column("Controller", lambda found: found.spec.controller or ""),
        column("Parameters", _parameters),
        AGE,
    ),
    generation=True,
)
class IngressClass(Object):
    spec: IngressClassSpec = IngressClassSpec()
