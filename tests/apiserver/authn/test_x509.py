"""A client certificate names its user."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from wherry.apiserver.authn.x509 import user_of
from wherry.cluster.pki import Authority

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AUTHORITY = Authority.create("ca", NOW)


def der(name: str, *groups: str) -> bytes:
    pem = AUTHORITY.issue(name, NOW, groups=groups).certificate
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def test_the_common_name_is_the_user_and_organizations_are_groups() -> None:
    user = user_of(der("jane", "dev", "ops"))
    assert user is not None
    assert (user.name, user.groups) == ("jane", ("dev", "ops", "system:authenticated"))


def test_who_has_no_group_is_still_known() -> None:
    user = user_of(der("jane"))
    assert user is not None
    assert user.groups == ("system:authenticated",)
