"""TokenReview: whose token is this."""

from __future__ import annotations

from typing import Annotated

from wherry.api.authentication.userinfo import UserInfo
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Part


class TokenReviewSpec(Part):
    audiences: Annotated[tuple[str, ...], Atomic()] = ()
    token: str = ""


class TokenReviewStatus(Part):
    audiences: Annotated[tuple[str, ...], Atomic()] = ()
    authenticated: bool = False
    error: str = ""
    user: UserInfo | None = None


@resource("authentication.k8s.io/v1", "tokenreviews")
class TokenReview(Object):
    spec: TokenReviewSpec = TokenReviewSpec()
    status: TokenReviewStatus = TokenReviewStatus()
