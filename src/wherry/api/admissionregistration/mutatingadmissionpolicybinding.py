"""MutatingAdmissionPolicyBinding: puts a MutatingAdmissionPolicy to work."""

from __future__ import annotations

from wherry.api.admissionregistration.columns import param_ref
from wherry.api.admissionregistration.matching import MutatingAdmissionPolicyBindingSpec
from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource(
    "admissionregistration.k8s.io/v1",
    "mutatingadmissionpolicybindings",
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
