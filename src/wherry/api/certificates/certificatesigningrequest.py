"""CertificateSigningRequest: asks for a certificate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated

from wherry.api.columns import AGE, NAME, NONE, column
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError, duplicate, forbidden, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_prefixed_path
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


SHORTEST = 600
LEGACY_SIGNER = "kubernetes.io/legacy-unknown"


def validate(new: CertificateSigningRequest, old: CertificateSigningRequest | None) -> Iterator[FieldError]:
    spec = new.spec
    if not spec.usages:
        yield required("spec.usages")
    for index, usage in enumerate(spec.usages):
        if usage in spec.usages[:index]:
            yield duplicate(f"spec.usages[{index}]", usage)
    if not spec.request:
        yield required("spec.request")
    if not spec.signerName:
        yield required("spec.signerName")
    elif spec.signerName == LEGACY_SIGNER:
        detail = "the legacy signerName is not allowed via this API version"
        yield invalid("spec.signerName", spec.signerName, detail)
    else:
        for problem in check_prefixed_path(spec.signerName):
            yield invalid("spec.signerName", spec.signerName, problem)
    if spec.expirationSeconds is not None and spec.expirationSeconds < SHORTEST:
        detail = "may not specify a duration less than 600 seconds (10 minutes)"
        yield invalid("spec.expirationSeconds", spec.expirationSeconds, detail)


def _keep_certificate(new: CertificateSigningRequest, old: CertificateSigningRequest) -> Iterator[FieldError]:
    if new.status.certificate != old.status.certificate:
        yield forbidden("status.certificate", "updates may not set certificate content")


def _validate_status(new: CertificateSigningRequest, old: CertificateSigningRequest) -> Iterator[FieldError]:
    if old.status.certificate and new.status.certificate != old.status.certificate:
        yield forbidden("status.certificate", "updates may not modify existing certificate content")
    before = {condition.type for condition in old.status.conditions}
    for condition in new.status.conditions:
        if condition.type in ("Approved", "Denied") and condition.type not in before:
            detail = f'updates may not add a condition of type "{condition.type}"'
            yield forbidden("status.conditions", detail)


@resource(
    "certificates.k8s.io/v1",
    "certificatesigningrequests",
    validate=validate,
    transitions={"": _keep_certificate, "approval": _keep_certificate, "status": _validate_status},
    prepare=prepare,
    states_author=True,
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
