"""MutatingAdmissionPolicy: changes objects on their way in, by expressions."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.admissionregistration.columns import param_kind
from wherry.api.admissionregistration.matching import MutatingAdmissionPolicySpec
from wherry.api.admissionregistration.validation import validate_policy
from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError, not_supported, required
from wherry.machinery.meta import Object


def validate(new: MutatingAdmissionPolicy, old: MutatingAdmissionPolicy | None) -> Iterator[FieldError]:
    spec = new.spec
    yield from validate_policy(spec)
    if not spec.mutations:
        yield required("spec.mutations", "mutations must contain at least one item")
    if not spec.reinvocationPolicy:
        yield required("spec.reinvocationPolicy")
    for index, mutation in enumerate(spec.mutations):
        where = f"spec.mutations[{index}]"
        fields = {"ApplyConfiguration": mutation.applyConfiguration, "JSONPatch": mutation.jsonPatch}
        if mutation.patchType not in fields:
            yield not_supported(f"{where}.patchType", mutation.patchType, tuple(fields))
            continue
        source = fields[mutation.patchType]
        name = (
            mutation.patchType[:1].lower() + mutation.patchType[1:]
            if source is mutation.applyConfiguration
            else "jsonPatch"
        )
        if source is None or not source.expression.strip():
            yield required(f"{where}.{name}.expression")


@resource(
    "admissionregistration.k8s.io/v1",
    "mutatingadmissionpolicies",
    validate=validate,
    columns=(
        NAME,
        column("Mutations", lambda found: len(found.spec.mutations), "integer"),
        column("ParamKind", lambda found: param_kind(found.spec.paramKind)),
        AGE,
    ),
    generation=True,
    needs_version=True,
)
class MutatingAdmissionPolicy(Object):
    spec: MutatingAdmissionPolicySpec = MutatingAdmissionPolicySpec()
