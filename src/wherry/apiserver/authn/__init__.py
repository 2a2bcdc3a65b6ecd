"""authn: who is this? Authenticators are asked in ORDER; the first that knows the credentials answers."""

from __future__ import annotations

from typing import Protocol

from wherry.apiserver.call import User
from wherry.wire.message import Request

AUTHENTICATED = "system:authenticated"


class Authenticator(Protocol):
    def authenticate(self, request: Request) -> User | None:
        """The user behind a request; None where it carries no credentials of this kind.

        Unauthorized where it carries some that are not good.
        """
        ...


def authenticated(user: User) -> User:
    """Every user that is known belongs to one more group."""
    if AUTHENTICATED in user.groups:
        return user
    return User(user.name, (*user.groups, AUTHENTICATED), user.uid, user.extra)
