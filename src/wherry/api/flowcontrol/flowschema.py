"""FlowSchema: which requests belong to which priority level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NAME, NONE, column
from wherry.api.registry import resource
from wherry.machinery.conditions import find_condition
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int32, ListMap, ListSet, Merge, Part, Time


class FlowDistinguisherMethod(Part):
    type: str = ""


class FlowSchemaCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class NonResourcePolicyRule(Part):
    nonResourceURLs: Annotated[tuple[str, ...], ListSet()] = ()
    verbs: Annotated[tuple[str, ...], ListSet()] = ()


class ResourcePolicyRule(Part):
    apiGroups: Annotated[tuple[str, ...], ListSet()] = ()
    clusterScope: bool = False
    namespaces: Annotated[tuple[str, ...], ListSet()] = ()
    resources: Annotated[tuple[str, ...], ListSet()] = ()
    verbs: Annotated[tuple[str, ...], ListSet()] = ()


class GroupSubject(Part):
    name: str = ""


class ServiceAccountSubject(Part):
    name: str = ""
    namespace: str = ""


class UserSubject(Part):
    name: str = ""


class Subject(Part):
    group: GroupSubject | None = None
    kind: str = ""
    serviceAccount: ServiceAccountSubject | None = None
    user: UserSubject | None = None


class PolicyRulesWithSubjects(Part):
    nonResourceRules: Annotated[tuple[NonResourcePolicyRule, ...], Atomic()] = ()
    resourceRules: Annotated[tuple[ResourcePolicyRule, ...], Atomic()] = ()
    subjects: Annotated[tuple[Subject, ...], Atomic()] = ()


class PriorityLevelConfigurationReference(Part):
    name: str = ""


class FlowSchemaSpec(Part):
    distinguisherMethod: FlowDistinguisherMethod | None = None
    matchingPrecedence: Int32 = 1000
    priorityLevelConfiguration: PriorityLevelConfigurationReference = PriorityLevelConfigurationReference()
    rules: Annotated[tuple[PolicyRulesWithSubjects, ...], Atomic()] = ()


class FlowSchemaStatus(Part):
    conditions: Annotated[tuple[FlowSchemaCondition, ...], ListMap("type"), Merge("merge", "type")] = ()


def _distinguisher(found: FlowSchema) -> str:
    method = found.spec.distinguisherMethod
    return method.type if method is not None else NONE


def _dangling(found: FlowSchema) -> str:
    condition = find_condition(found.status.conditions, "Dangling")
    return condition.status if condition is not None else "?"


def validate(new: FlowSchema, old: FlowSchema | None) -> Iterator[FieldError]:
    spec = new.spec
    if not 1 <= spec.matchingPrecedence <= 10_000:
        detail = "must be a value between 1 and 10000"
        yield invalid("spec.matchingPrecedence", spec.matchingPrecedence, detail)
    if not spec.priorityLevelConfiguration.name:
        yield required("spec.priorityLevelConfiguration.name", "must reference a priority level")
    for index, rule in enumerate(spec.rules):
        if not rule.subjects:
            yield required(f"spec.rules[{index}].subjects", "subjects must contain at least one value")
        if not rule.resourceRules and not rule.nonResourceRules:
            detail = "at least one of resourceRules and nonResourceRules has to be non-empty"
            yield required(f"spec.rules[{index}]", detail)


@resource(
    "flowcontrol.apiserver.k8s.io/v1",
    "flowschemas",
    validate=validate,
    columns=(
        NAME,
        column("PriorityLevel", lambda found: found.spec.priorityLevelConfiguration.name),
        column("MatchingPrecedence", lambda found: found.spec.matchingPrecedence),
        column("DistinguisherMethod", _distinguisher),
        AGE,
        column("MissingPL", _dangling),
    ),
    generation=True,
)
class FlowSchema(Object):
    spec: FlowSchemaSpec = FlowSchemaSpec()
    status: FlowSchemaStatus = FlowSchemaStatus()
