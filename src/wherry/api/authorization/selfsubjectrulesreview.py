"""SelfSubjectRulesReview: what may I do in this namespace."""

from __future__ import annotations

from wherry.api.authorization.access import SelfSubjectRulesReviewSpec, SubjectRulesReviewStatus
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource("authorization.k8s.io/v1", "selfsubjectrulesreviews")
class SelfSubjectRulesReview(Object):
    spec: SelfSubjectRulesReviewSpec = SelfSubjectRulesReviewSpec()
    status: SubjectRulesReviewStatus = SubjectRulesReviewStatus()
