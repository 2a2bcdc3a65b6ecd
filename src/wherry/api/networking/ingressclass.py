"""IngressClass: which controller serves an Ingress."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NONE, column, flagged_name
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.errors import ErrorType, FieldError, forbidden, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_prefixed_path
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


LONGEST_CONTROLLER = 250


def validate(new: IngressClass, old: IngressClass | None) -> Iterator[FieldError]:
    controller = new.spec.controller or ""
    if not controller:
        yield required("spec.controller")
    elif len(controller) > LONGEST_CONTROLLER:
        detail = f"may not be more than {LONGEST_CONTROLLER} bytes"
        yield FieldError("spec.controller", detail, type=ErrorType.TooLong)
    else:
        for problem in check_prefixed_path(controller):
            yield invalid("spec.controller", controller, problem)
    parameters = new.spec.parameters
    if parameters is not None:
        for field in ("kind", "name"):
            if not getattr(parameters, field):
                yield required(f"spec.parameters.{field}")
        if parameters.scope == "Namespace" and not parameters.namespace:
            detail = "`parameters.scope` is set to 'Namespace'"
            yield required("spec.parameters.namespace", detail)
        if parameters.scope == "Cluster" and parameters.namespace:
            detail = "`parameters.scope` is set to 'Cluster'"
            yield forbidden("spec.parameters.namespace", detail)
    if old is not None:
        yield from immutable("spec.controller", new.spec.controller, old.spec.controller)


@resource(
    "networking.k8s.io/v1",
    "ingressclasses",
    validate=validate,
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
