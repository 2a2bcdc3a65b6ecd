"""ValidatingAdmissionPolicy: accepts or refuses objects, by expressions."""

from __future__ import annotations

from wherry.api.admissionregistration.matching import (
    ValidatingAdmissionPolicySpec,
    ValidatingAdmissionPolicyStatus,
)
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource("admissionregistration.k8s.io/v1", "validatingadmissionpolicies")
class ValidatingAdmissionPolicy(Object):
    spec: ValidatingAdmissionPolicySpec = ValidatingAdmissionPolicySpec()
    status: ValidatingAdmissionPolicyStatus = ValidatingAdmissionPolicyStatus()
