"""Acting as somebody else: whom a request names, and what its sender must be allowed."""

from __future__ import annotations

import pytest

from wherry.apiserver.authn.impersonation import impersonated
from wherry.apiserver.authz import Attributes
from wherry.apiserver.call import User
from wherry.machinery.errors import BadRequest
from wherry.wire.message import Headers

ACCOUNT = "system:serviceaccount:ns:robot"


def asked(*pairs: tuple[str, str]) -> tuple[User, list[Attributes]]:
    found = impersonated(Headers.of(pairs))
    assert found is not None
    return found


def test_most_requests_are_their_senders() -> None:
    assert impersonated(Headers.of([("Accept", "*/*")])) is None


def test_a_user_belongs_to_all_who_are_known() -> None:
    user, needed = asked(("Impersonate-User", "jane"))
    assert user == User("jane", ("system:authenticated",))
    assert needed == [Attributes("impersonate", resource="users", name="jane")]


def test_an_account_brings_its_groups() -> None:
    user, needed = asked(("Impersonate-User", ACCOUNT))
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated")
    assert needed == [Attributes("impersonate", resource="serviceaccounts", namespace="ns", name="robot")]


def test_groups_that_are_asked_for_replace_an_accounts_own() -> None:
    user, needed = asked(
        ("Impersonate-User", ACCOUNT), ("Impersonate-Group", "a"), ("Impersonate-Group", "b")
    )
    assert user.groups == ("a", "b", "system:authenticated")
    assert [each.resource for each in needed] == ["serviceaccounts", "groups", "groups"]


def test_nobody_stays_nobody() -> None:
    assert asked(("Impersonate-User", "system:anonymous"))[0].groups == ("system:unauthenticated",)


def test_uid_and_extras_take_rights_of_their_own() -> None:
    user, needed = asked(
        ("Impersonate-User", "jane"), ("Impersonate-Uid", "7"), ("Impersonate-Extra-Acme.com%2Fteam", "x")
    )
    assert (user.uid, user.extra) == ("7", {"acme.com/team": ("x",)})
    assert needed[1:] == [
        Attributes("impersonate", "authentication.k8s.io", "userextras", "acme.com/team", name="x"),
        Attributes("impersonate", "authentication.k8s.io", "uids", name="7"),
    ]


@pytest.mark.parametrize("header", ["Impersonate-Group", "Impersonate-Uid", "Impersonate-Extra-a"])
def test_what_belongs_to_no_user_is_a_mistake(header: str) -> None:
    with pytest.raises(BadRequest, match="name one"):
        impersonated(Headers.of([(header, "x")]))
