"""x509: a verified client certificate names its user (CN), groups (O) and uid. Read once per connection."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from wherry.apiserver.authn import authenticated
from wherry.apiserver.call import User
from wherry.wire.message import Request

UID = ObjectIdentifier("1.3.6.1.4.1.57683.2")


class Certificates:
    def authenticate(self, request: Request) -> User | None:
        connection = request.connection
        if connection.scratch is None:
            certificate = connection.certificate
            connection.scratch = (user_of(certificate) if certificate else None,)
        user: User | None = connection.scratch[0]
        return user


def user_of(certificate: bytes) -> User | None:
    """The user that a certificate (DER) names; None where it has no common name."""
    subject = x509.load_der_x509_certificate(certificate).subject

    def values(oid: ObjectIdentifier) -> list[str]:
        return [str(attribute.value) for attribute in subject.get_attributes_for_oid(oid)]

    names = values(NameOID.COMMON_NAME)
    if not names or not names[0]:
        return None
    uid = next(iter(values(UID)), "")
    return authenticated(User(names[0], tuple(values(NameOID.ORGANIZATION_NAME)), uid))
