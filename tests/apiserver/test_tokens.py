"""ServiceAccount tokens: signed by us, good for a while, for somebody."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apiserver.conftest import account_key

from wherry.apiserver.tokens import Bound, TokenError, TokenIssuer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ISSUER = TokenIssuer(account_key(), "https://issuer", ("https://issuer",))
BOUND = Bound("default", "robot", "uid-1", "Pod", "p", "uid-2", "n1", "uid-3")


def issue(seconds: int = 600) -> str:
    return ISSUER.issue(BOUND, ("a",), NOW, seconds, "id-1", warn_after=123)


def test_a_token_says_who_for_whom_and_how_long() -> None:
    claims = ISSUER.verify(issue(), NOW)
    assert claims["sub"] == "system:serviceaccount:default:robot"
    assert (claims["iss"], claims["aud"], claims["jti"]) == ("https://issuer", ["a"], "id-1")
    assert claims["exp"] - claims["iat"] == 600
    assert claims["kubernetes.io"] == {
        "namespace": "default",
        "serviceaccount": {"name": "robot", "uid": "uid-1"},
        "pod": {"name": "p", "uid": "uid-2"},
        "node": {"name": "n1", "uid": "uid-3"},
        "warnafter": 123,
    }


@pytest.mark.parametrize(("after", "good"), [(-61, False), (-59, True), (0, True), (599, True), (600, False)])
def test_a_token_is_good_from_now_until_it_expires(after: int, good: bool) -> None:
    moment = NOW + timedelta(seconds=after)
    if good:
        ISSUER.verify(issue(), moment)
    else:
        with pytest.raises(TokenError, match="expired, or not valid yet"):
            ISSUER.verify(issue(), moment)


def test_a_token_of_another_issuer_is_not_ours() -> None:
    other = TokenIssuer(account_key(), "https://other", ())
    with pytest.raises(TokenError, match="issued by https://other, not by https://issuer"):
        ISSUER.verify(other.issue(BOUND, (), NOW, 600, "id"), NOW)


def test_claims_that_were_changed_are_not_ours() -> None:
    head, claims, signature = issue().split(".")
    tree = msgspec.json.decode(base64.urlsafe_b64decode(claims + "=="))
    tree["sub"] = "system:serviceaccount:kube-system:admin"
    forged = base64.urlsafe_b64encode(msgspec.json.encode(tree)).rstrip(b"=").decode()
    with pytest.raises(TokenError, match="not signed by this cluster"):
        ISSUER.verify(f"{head}.{forged}.{signature}", NOW)


def test_a_token_that_claims_to_need_no_signature_is_not_ours() -> None:
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    with pytest.raises(TokenError):
        ISSUER.verify(f"{head}.{issue().split('.')[1]}.", NOW)


@given(st.text(st.characters(codec="latin-1"), max_size=40) | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*"))
def test_anything_else_is_no_token(text: str) -> None:
    with pytest.raises(TokenError):
        ISSUER.verify(text, NOW)


def test_the_key_is_shown_by_the_name_that_tokens_use() -> None:
    head = msgspec.json.decode(base64.urlsafe_b64decode(issue().split(".")[0] + "=="))
    assert head == {"alg": "ES256", "kid": ISSUER.jwks()["keys"][0]["kid"]}
