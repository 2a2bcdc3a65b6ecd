"""Matching: which requests a webhook or policy is asked about."""

from __future__ import annotations

from typing import Annotated

from wherry.machinery.meta import Condition, LabelSelector
from wherry.machinery.schema import (
    Atomic,
    Bytes,
    Int32,
    Int64,
    ListMap,
    ListSet,
    Merge,
    OneOf,
    Part,
    Tree,
    atomic,
)


def select_all(tree: Tree) -> None:
    """Where no selector is given, everything is meant."""
    tree.setdefault("namespaceSelector", {})
    tree.setdefault("objectSelector", {})


class ApplyConfiguration(Part):
    expression: str = ""


class AuditAnnotation(Part):
    key: str = ""
    valueExpression: str = ""


class ExpressionWarning(Part):
    fieldRef: str = ""
    warning: str = ""


class JSONPatch(Part):
    expression: str = ""


class MatchCondition(Part):
    expression: str = ""
    name: str = ""


@atomic
class NamedRuleWithOperations(Part):
    apiGroups: Annotated[tuple[str, ...], Atomic()] = ()
    apiVersions: Annotated[tuple[str, ...], Atomic()] = ()
    operations: Annotated[
        tuple[Annotated[str, OneOf("*", "CONNECT", "CREATE", "DELETE", "UPDATE")], ...], Atomic()
    ] = ()
    resourceNames: Annotated[tuple[str, ...], Atomic()] = ()
    resources: Annotated[tuple[str, ...], Atomic()] = ()
    scope: Annotated[str, OneOf("*", "Cluster", "Namespaced")] = "*"


@atomic
class MatchResources(Part):
    excludeResourceRules: Annotated[tuple[NamedRuleWithOperations, ...], Atomic()] = ()
    matchPolicy: Annotated[str, OneOf("Equivalent", "Exact")] = "Equivalent"
    namespaceSelector: LabelSelector | None = None
    objectSelector: LabelSelector | None = None
    resourceRules: Annotated[tuple[NamedRuleWithOperations, ...], Atomic()] = ()

    complete = staticmethod(select_all)


@atomic
class ParamRef(Part):
    name: str = ""
    namespace: str = ""
    parameterNotFoundAction: Annotated[str, OneOf("Allow", "Deny")] = ""
    selector: LabelSelector | None = None


class MutatingAdmissionPolicyBindingSpec(Part):
    matchResources: MatchResources | None = None
    paramRef: ParamRef | None = None
    policyName: str = ""


class Mutation(Part):
    applyConfiguration: ApplyConfiguration | None = None
    jsonPatch: JSONPatch | None = None
    patchType: str = ""


@atomic
class ParamKind(Part):
    apiVersion: str = ""
    kind: str = ""


@atomic
class Variable(Part):
    expression: str = ""
    name: str = ""


class MutatingAdmissionPolicySpec(Part):
    failurePolicy: Annotated[str, OneOf("Fail", "Ignore")] = "Fail"
    matchConditions: Annotated[tuple[MatchCondition, ...], ListMap("name"), Merge("merge", "name")] = ()
    matchConstraints: MatchResources | None = None
    mutations: Annotated[tuple[Mutation, ...], Atomic()] = ()
    paramKind: ParamKind | None = None
    reinvocationPolicy: Annotated[str, OneOf("IfNeeded", "Never")] = ""
    variables: Annotated[tuple[Variable, ...], Atomic()] = ()


class RuleWithOperations(Part):
    apiGroups: Annotated[tuple[str, ...], Atomic()] = ()
    apiVersions: Annotated[tuple[str, ...], Atomic()] = ()
    operations: Annotated[
        tuple[Annotated[str, OneOf("*", "CONNECT", "CREATE", "DELETE", "UPDATE")], ...], Atomic()
    ] = ()
    resources: Annotated[tuple[str, ...], Atomic()] = ()
    scope: Annotated[str, OneOf("*", "Cluster", "Namespaced")] = "*"


class ServiceReference(Part):
    name: str = ""
    namespace: str = ""
    path: str = ""
    port: Int32 = 443


class WebhookClientConfig(Part):
    caBundle: Bytes = ""
    service: ServiceReference | None = None
    url: str = ""


class MutatingWebhook(Part):
    admissionReviewVersions: Annotated[tuple[str, ...], Atomic()] = ()
    clientConfig: WebhookClientConfig = WebhookClientConfig()
    failurePolicy: Annotated[str, OneOf("Fail", "Ignore")] = "Fail"
    matchConditions: Annotated[tuple[MatchCondition, ...], ListMap("name"), Merge("merge", "name")] = ()
    matchPolicy: Annotated[str, OneOf("Equivalent", "Exact")] = "Equivalent"
    name: str = ""
    namespaceSelector: LabelSelector | None = None
    objectSelector: LabelSelector | None = None
    reinvocationPolicy: Annotated[str, OneOf("IfNeeded", "Never")] = "Never"
    rules: Annotated[tuple[RuleWithOperations, ...], Atomic()] = ()
    sideEffects: Annotated[str, OneOf("None", "NoneOnDryRun")] = ""
    timeoutSeconds: Int32 = 10

    complete = staticmethod(select_all)


class TypeChecking(Part):
    expressionWarnings: Annotated[tuple[ExpressionWarning, ...], Atomic()] = ()


class ValidatingAdmissionPolicyBindingSpec(Part):
    matchResources: MatchResources | None = None
    paramRef: ParamRef | None = None
    policyName: str = ""
    validationActions: Annotated[tuple[Annotated[str, OneOf("Audit", "Deny", "Warn")], ...], ListSet()] = ()


class Validation(Part):
    expression: str = ""
    message: str = ""
    messageExpression: str = ""
    reason: str = ""


class ValidatingAdmissionPolicySpec(Part):
    auditAnnotations: Annotated[tuple[AuditAnnotation, ...], Atomic()] = ()
    failurePolicy: Annotated[str, OneOf("Fail", "Ignore")] = "Fail"
    matchConditions: Annotated[tuple[MatchCondition, ...], ListMap("name"), Merge("merge", "name")] = ()
    matchConstraints: MatchResources | None = None
    paramKind: ParamKind | None = None
    validations: Annotated[tuple[Validation, ...], Atomic()] = ()
    variables: Annotated[tuple[Variable, ...], ListMap("name"), Merge("merge", "name")] = ()


class ValidatingAdmissionPolicyStatus(Part):
    conditions: Annotated[tuple[Condition, ...], ListMap("type")] = ()
    observedGeneration: Int64 = 0
    typeChecking: TypeChecking | None = None


class ValidatingWebhook(Part):
    admissionReviewVersions: Annotated[tuple[str, ...], Atomic()] = ()
    clientConfig: WebhookClientConfig = WebhookClientConfig()
    failurePolicy: Annotated[str, OneOf("Fail", "Ignore")] = "Fail"
    matchConditions: Annotated[tuple[MatchCondition, ...], ListMap("name"), Merge("merge", "name")] = ()
    matchPolicy: Annotated[str, OneOf("Equivalent", "Exact")] = "Equivalent"
    name: str = ""
    namespaceSelector: LabelSelector | None = None
    objectSelector: LabelSelector | None = None
    rules: Annotated[tuple[RuleWithOperations, ...], Atomic()] = ()
    sideEffects: Annotated[str, OneOf("None", "NoneOnDryRun")] = ""
    timeoutSeconds: Int32 = 10

    complete = staticmethod(select_all)
