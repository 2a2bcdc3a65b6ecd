"""CertificateSigningRequest: asks for a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from wherry.api.columns import AGE, NAME, NONE, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Bytes, Int32, ListMap, OneOf, Part, Time, Tree
from wherry.machinery.times import human_duration


class CertificateSigningRequestCondition(Part):
    lastTransitionTime: Time = ""
    lastUpdateTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class CertificateSigningRequestSpec(Part):
    expirationSeconds: Int32 | None = None
    extra: Mapping[str, tuple[str, ...]] = {}
    groups: Annotated[tuple[str, ...], Atomic()] = ()
    request: Bytes = ""
    signerName: str = ""
    uid: str = ""
    usages: Annotated[
        tuple[
            Annotated[
                str,
                OneOf(
                    "any",
                    "cert sign",
                    "client auth",
                    "code signing",
                    "content commitment",
                    "crl sign",
                    "data encipherment",
                    "decipher only",
                    "digital signature",
                    "email protection",
                    "encipher only",
                    "ipsec end system",
                    "ipsec tunnel",
                    "ipsec user",
                    "key agreement",
                    "key encipherment",
                    "microsoft sgc",
                    "netscape sgc",
                    "ocsp signing",
                    "s/mime",
                    "server auth",
                    "signing",
                    "timestamping",
                ),
            ],
            ...,
        ],
        Atomic(),
    ] = ()
    username: str = ""


class CertificateSigningRequestStatus(Part):
    certificate: Bytes = ""
    conditions: Annotated[tuple[CertificateSigningRequestCondition, ...], ListMap("type")] = ()


def _condition(found: CertificateSigningRequest) -> str:
    types = {condition.type for condition in found.status.conditions}
    text = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    if "Failed" in types:
        text += ",Failed"
    return f"{text},Issued" if found.status.certificate else text


def _duration(found: CertificateSigningRequest) -> str:
    seconds = found.spec.expirationSeconds
    return NONE if seconds is None else human_duration(timedelta(seconds=seconds))


def prepare(tree: Tree, old: Tree | None) -> None:
    """What is asked for never changes; the API server says who asked."""
    if old is not None:
        tree["spec"] = old.get("spec", {})


@resource(
    "certificates.k8s.io/v1",
    "certificatesigningrequests",
    prepare=prepare,
    selectable={"spec.signerName": lambda found: found.spec.signerName},
    columns=(
        NAME,
        AGE,
        column("SignerName", lambda found: found.spec.signerName or NONE),
        column("Requestor", lambda found: found.spec.username),
        column("RequestedDuration", _duration),
        column("Condition", _condition),
    ),
)
class CertificateSigningRequest(Object):
    spec: CertificateSigningRequestSpec = CertificateSigningRequestSpec()
    status: CertificateSigningRequestStatus = CertificateSigningRequestStatus()
