"""MutatingAdmissionPolicy: changes objects on their way in, by expressions."""

from __future__ import annotations

from wherry.api.admissionregistration.columns import param_kind
from wherry.api.admissionregistration.matching import MutatingAdmissionPolicySpec
from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource(
    "admissionregistration.k8s.io/v1",
    "mutatingadmissionpolicies",
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
