"""SelfSubjectReview: who am I."""

from __future__ import annotations

from wherry.api.authentication.userinfo import UserInfo
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Part


class SelfSubjectReviewStatus(Part):
    userInfo: UserInfo | None = None


@resource("authentication.k8s.io/v1", "selfsubjectreviews")
class SelfSubjectReview(Object):
    status: SelfSubjectReviewStatus = SelfSubjectReviewStatus()
