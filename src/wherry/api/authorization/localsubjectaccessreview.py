"""LocalSubjectAccessReview: may somebody do this in this namespace."""

from __future__ import annotations

from wherry.api.authorization.access import SubjectAccessReviewSpec, SubjectAccessReviewStatus
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource("authorization.k8s.io/v1", "localsubjectaccessreviews")
class LocalSubjectAccessReview(Object):
    spec: SubjectAccessReviewSpec = SubjectAccessReviewSpec()
    status: SubjectAccessReviewStatus = SubjectAccessReviewStatus()
