"""Access: a question whether somebody may do something, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.meta.options import FieldSelectorRequirement
from wherry.machinery.meta import LabelSelectorRequirement
from wherry.machinery.schema import Atomic, Part


class FieldSelectorAttributes(Part):
    rawSelector: str = ""
    requirements: Annotated[tuple[FieldSelectorRequirement, ...], Atomic()] = ()


class LabelSelectorAttributes(Part):
    rawSelector: str = ""
    requirements: Annotated[tuple[LabelSelectorRequirement, ...], Atomic()] = ()


class NonResourceAttributes(Part):
    path: str = ""
    verb: str = ""


class NonResourceRule(Part):
    nonResourceURLs: Annotated[tuple[str, ...], Atomic()] = ()
    verbs: Annotated[tuple[str, ...], Atomic()] = ()


class ResourceAttributes(Part):
    fieldSelector: FieldSelectorAttributes | None = None
    group: str = ""
    labelSelector: LabelSelectorAttributes | None = None
    name: str = ""
    namespace: str = ""
    resource: str = ""
    subresource: str = ""
    verb: str = ""
    version: str = ""


class ResourceRule(Part):
    apiGroups: Annotated[tuple[str, ...], Atomic()] = ()
    resourceNames: Annotated[tuple[str, ...], Atomic()] = ()
    resources: Annotated[tuple[str, ...], Atomic()] = ()
    verbs: Annotated[tuple[str, ...], Atomic()] = ()


class SelfSubjectAccessReviewSpec(Part):
    nonResourceAttributes: NonResourceAttributes | None = None
    resourceAttributes: ResourceAttributes | None = None


class SelfSubjectRulesReviewSpec(Part):
    namespace: str = ""


class SubjectAccessReviewSpec(Part):
    extra: Mapping[str, tuple[str, ...]] = {}
    groups: Annotated[tuple[str, ...], Atomic()] = ()
    nonResourceAttributes: NonResourceAttributes | None = None
    resourceAttributes: ResourceAttributes | None = None
    uid: str = ""
    user: str = ""


class SubjectAccessReviewStatus(Part):
    allowed: bool = False
    denied: bool = False
    evaluationError: str = ""
    reason: str = ""


class SubjectRulesReviewStatus(Part):
    evaluationError: str = ""
    incomplete: bool = False
    nonResourceRules: Annotated[tuple[NonResourceRule, ...], Atomic()] = ()
    resourceRules: Annotated[tuple[ResourceRule, ...], Atomic()] = ()
