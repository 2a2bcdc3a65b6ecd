"""CertificateSigningRequest: asks for a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Bytes, Int32, ListMap, Part, Time


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
    usages: Annotated[tuple[str, ...], Atomic()] = ()
    username: str = ""


class CertificateSigningRequestStatus(Part):
    certificate: Bytes = ""
    conditions: Annotated[tuple[CertificateSigningRequestCondition, ...], ListMap("type")] = ()


@resource("certificates.k8s.io/v1", "certificatesigningrequests")
class CertificateSigningRequest(Object):
    spec: CertificateSigningRequestSpec = CertificateSigningRequestSpec()
    status: CertificateSigningRequestStatus = CertificateSigningRequestStatus()
