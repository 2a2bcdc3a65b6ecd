"""ValidatingAdmissionPolicy: accepts or refuses objects, by expressions."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.admissionregistration.columns import param_kind
from wherry.api.admissionregistration.matching import (
    ValidatingAdmissionPolicySpec,
    ValidatingAdmissionPolicyStatus,
)
from wherry.api.admissionregistration.validation import validate_policy
from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_qualified_name


def validate(new: ValidatingAdmissionPolicy, old: ValidatingAdmissionPolicy | None) -> Iterator[FieldError]:
    spec = new.spec
    yield from validate_policy(spec)
    if not spec.validations and not spec.auditAnnotations:
        detail = "validations or auditAnnotations must contain at least one item"
        yield required("spec.validations", detail)
        yield required("spec.auditAnnotations", detail)
    for index, validation in enumerate(spec.validations):
        if not validation.expression.strip():
            yield required(f"spec.validations[{index}].expression", "expression is not specified")
    for index, annotation in enumerate(spec.auditAnnotations):
        for problem in check_qualified_name(annotation.key):
            yield invalid(f"spec.auditAnnotations[{index}].key", annotation.key, problem)
        if not annotation.valueExpression.strip():
            yield required(f"spec.auditAnnotations[{index}].valueExpression")


@resource(
    "admissionregistration.k8s.io/v1",
    "validatingadmissionpolicies",
    validate=validate,
    columns=(
        NAME,
        column("Validations", lambda found: len(found.spec.validations), "integer"),
        column("ParamKind", lambda found: param_kind(found.spec.paramKind)),
        AGE,
    ),
    generation=True,
    needs_version=True,
)
class ValidatingAdmissionPolicy(Object):
    spec: ValidatingAdmissionPolicySpec = ValidatingAdmissionPolicySpec()
    status: ValidatingAdmissionPolicyStatus = ValidatingAdmissionPolicyStatus()
