"""ValidatingAdmissionPolicyBinding: puts a ValidatingAdmissionPolicy to work."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.admissionregistration.columns import param_ref
from wherry.api.admissionregistration.matching import ValidatingAdmissionPolicyBindingSpec
from wherry.api.admissionregistration.validation import validate_policy_binding
from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Object


def validate(
    new: ValidatingAdmissionPolicyBinding, old: ValidatingAdmissionPolicyBinding | None
) -> Iterator[FieldError]:
    yield from validate_policy_binding(new.spec)
    actions = new.spec.validationActions
    if not actions:
        yield required("spec.validationActions", "at least one validation action is required")
    if {"Deny", "Warn"} <= set(actions):
        detail = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"
        yield invalid("spec.validationActions", actions, detail)


@resource(
    "admissionregistration.k8s.io/v1",
    "validatingadmissionpolicybindings",
    validate=validate,
    columns=(
        NAME,
        column("PolicyName", lambda found: found.spec.policyName),
        column("ParamRef", lambda found: param_ref(found.spec.paramRef)),
        AGE,
    ),
    generation=True,
    needs_version=True,
)
class ValidatingAdmissionPolicyBinding(Object):
    spec: ValidatingAdmissionPolicyBindingSpec = ValidatingAdmissionPolicyBindingSpec()
