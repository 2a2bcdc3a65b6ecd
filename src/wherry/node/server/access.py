"""Access: the node's server answers the cluster's API server and its administrators, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.wire.message import Request, Response, text

ADMINISTRATORS = frozenset({"system:masters", "kubeadm:cluster-admins"})


def is_allowed(request: Request, clients: Sequence[str]) -> Response | None:
    """None if the client's certificate says that it may ask; else the refusal."""
    certificate = request.connection.certificate
    if certificate is None:
        return text(401, "Unauthorized")
    if request.connection.scratch is None:
        request.connection.scratch = identity(certificate)
    name, groups = request.connection.scratch
    if name in clients or ADMINISTRATORS & groups:
        return None
    return text(403, f"Forbidden (user={name}, verb={request.method.lower()}, resource=nodes)")


def identity(certificate: bytes) -> tuple[str, frozenset[str]]:
    """Common name and organizations of a certificate in DER."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    subject = x509.load_der_x509_certificate(certificate).subject
    names = [str(each.value) for each in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = (str(each.value) for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    return (names[0] if names else ""), frozenset(groups)
