"""ValidatingAdmissionPolicyBinding: puts a ValidatingAdmissionPolicy to work."""

from __future__ import annotations

from wherry.api.admissionregistration.matching import ValidatingAdmissionPolicyBindingSpec
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource("admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings")
class ValidatingAdmissionPolicyBinding(Object):
    spec: ValidatingAdmissionPolicyBindingSpec = ValidatingAdmissionPolicyBindingSpec()
