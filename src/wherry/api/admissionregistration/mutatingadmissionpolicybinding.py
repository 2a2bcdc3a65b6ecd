"""MutatingAdmissionPolicyBinding: puts a MutatingAdmissionPolicy to work."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.admissionregistration.columns import param_ref
from wherry.api.admissionregistration.matching import MutatingAdmissionPolicyBindingSpec
from wherry.api.admissionregistration.validation import validate_policy_binding
from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError
from wherry.machinery.meta import Object


def validate(
    new: MutatingAdmissionPolicyBinding, old: MutatingAdmissionPolicyBinding | None
) -> Iterator[FieldError]:
    yield from validate_policy_binding(new.spec)


@resource(
    "admissionregistration.k8s.io/v1",
    "mutatingadmissionpolicybindings",
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
class MutatingAdmissionPolicyBinding(Object):
    spec: MutatingAdmissionPolicyBindingSpec = MutatingAdmissionPolicyBindingSpec()
