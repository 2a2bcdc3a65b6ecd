"""ValidatingAdmissionPolicy: accepts or refuses objects, by expressions."""

from __future__ import annotations

from wherry.api.admissionregistration.columns import param_kind
from wherry.api.admissionregistration.matching import (
    ValidatingAdmissionPolicySpec,
    ValidatingAdmissionPolicyStatus,
)
from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource(
    "admissionregistration.k8s.io/v1",
    "validatingadmissionpolicies",
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
