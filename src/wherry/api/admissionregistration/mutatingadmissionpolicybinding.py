"""MutatingAdmissionPolicyBinding: puts a MutatingAdmissionPolicy to work."""

from __future__ import annotations

from wherry.api.admissionregistration.matching import MutatingAdmissionPolicyBindingSpec
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource("admissionregistration.k8s.io/v1", "mutatingadmissionpolicybindings")
class MutatingAdmissionPolicyBinding(Object):
    spec: MutatingAdmissionPolicyBindingSpec = MutatingAdmissionPolicyBindingSpec()
