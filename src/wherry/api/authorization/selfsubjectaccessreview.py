"""SelfSubjectAccessReview: may I do this."""

from __future__ import annotations

from wherry.api.authorization.access import SelfSubjectAccessReviewSpec, SubjectAccessReviewStatus
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource("authorization.k8s.io/v1", "selfsubjectaccessreviews")
class SelfSubjectAccessReview(Object):
    spec: SelfSubjectAccessReviewSpec = SelfSubjectAccessReviewSpec()
    status: SubjectAccessReviewStatus = SubjectAccessReviewStatus()
