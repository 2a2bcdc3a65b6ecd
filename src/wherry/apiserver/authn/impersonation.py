"""impersonation: somebody may act as somebody else: whom the headers name, and what that takes."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from wherry.apiserver.authn import AUTHENTICATED
from wherry.apiserver.authz import Attributes
from wherry.apiserver.call import ANONYMOUS, User
from wherry.machinery.errors import BadRequest
from wherry.wire.message import Headers

USER, GROUP, UID, EXTRA = "impersonate-user", "impersonate-group", "impersonate-uid", "impersonate-extra-"
ACCOUNT = "system:serviceaccount:"
REVIEW_GROUP = "authentication.k8s.io"


def impersonated(headers: Headers) -> tuple[User, list[Attributes]] | None:
    """The user that a request is to be taken for, and all that its sender must be allowed.

    None where it names nobody. BadRequest where it names groups, a uid or extras of no user.
    """
    if not any(name.startswith("impersonate-") for name in headers.index):
        return None
    name, groups = headers.get(USER), tuple(headers.all(GROUP))
    extra = _extra(headers)
    uid = headers.get(UID)
    if not name:
        if groups or extra or uid:
            raise BadRequest("groups, a uid or extras are to be impersonated, but no user: name one")
        return None
    needed = [*_naming(name), *_belonging(groups, uid, extra)]
    return User(name, _groups(name, groups), uid, extra), needed


def _naming(name: str) -> Iterator[Attributes]:
    namespace, _, account = name.removeprefix(ACCOUNT).partition(":")
    if name.startswith(ACCOUNT) and account:
        yield Attributes("impersonate", resource="serviceaccounts", namespace=namespace, name=account)
    else:
        yield Attributes("impersonate", resource="users", name=name)


def _belonging(groups: tuple[str, ...], uid: str, extra: dict[str, tuple[str, ...]]) -> Iterator[Attributes]:
    for group in groups:
        yield Attributes("impersonate", resource="groups", name=group)
    for key, values in extra.items():
        for value in values:
            yield Attributes("impersonate", REVIEW_GROUP, "userextras", key, name=value)
    if uid:
        yield Attributes("impersonate", REVIEW_GROUP, "uids", name=uid)


def _groups(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    """Those that were asked for, or a ServiceAccount's own; and the one of all who are known."""
    if not groups and name.startswith(ACCOUNT):
        namespace = name.removeprefix(ACCOUNT).partition(":")[0]
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    common = ANONYMOUS.groups[0] if name == ANONYMOUS.name else AUTHENTICATED
    if AUTHENTICATED in groups or ANONYMOUS.groups[0] in groups:
        return groups
    return (*groups, common)


def _extra(headers: Headers) -> dict[str, tuple[str, ...]]:
    return {
        unquote(name.removeprefix(EXTRA)): tuple(values)
        for name, values in headers.index.items()
        if name.startswith(EXTRA)
    }
