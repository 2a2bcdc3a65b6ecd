"""MutatingAdmissionPolicy: changes objects on their way in, by expressions."""

from __future__ import annotations

from wherry.api.admissionregistration.matching import MutatingAdmissionPolicySpec
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource("admissionregistration.k8s.io/v1", "mutatingadmissionpolicies")
class MutatingAdmissionPolicy(Object):
    spec: MutatingAdmissionPolicySpec = MutatingAdmissionPolicySpec()
