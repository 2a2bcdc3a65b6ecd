"""PodCertificateRequest: asks for a certificate on behalf of a Pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from wherry.api.columns import NAME, column, labels_text
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.conditions import has_condition
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Condition, Object
from wherry.machinery.names import check_prefixed_path, check_subdomain
from wherry.machinery.schema import Bytes, Int32, ListMap, Merge, Part, Time


class PodCertificateRequestSpec(Part):
    maxExpirationSeconds: Int32 = 86400
    nodeName: str = ""
    nodeUID: str = ""
    podName: str = ""
    podUID: str = ""
    serviceAccountName: str = ""
    serviceAccountUID: str = ""
    signerName: str = ""
    stubPKCS10Request: Bytes = ""
    unverifiedUserAnnotations: Mapping[str, str] = {}


class PodCertificateRequestStatus(Part):
    beginRefreshAt: Time = ""
    certificateChain: str = ""
    conditions: Annotated[tuple[Condition, ...], ListMap("type"), Merge("merge", "type")] = ()
    notAfter: Time = ""
    notBefore: Time = ""


def _state(found: PodCertificateRequest) -> str:
    for type in ("Issued", "Denied", "Failed"):
        if has_condition(found.status.conditions, type):
            return type
    return "Pending"


def validate(new: PodCertificateRequest, old: PodCertificateRequest | None) -> Iterator[FieldError]:
    spec = new.spec
    for problem in check_prefixed_path(spec.signerName):
        yield invalid("spec.signerName", spec.signerName, problem)
    for field in ("podName", "serviceAccountName", "nodeName"):
        for problem in check_subdomain(getattr(spec, field)):
            yield invalid(f"spec.{field}", getattr(spec, field), problem)
    for field in ("podUID", "serviceAccountUID", "nodeUID"):
        if not getattr(spec, field):
            yield required(f"spec.{field}")
    if old is not None:
        yield from immutable("spec", spec, old.spec)


@resource(
    "certificates.k8s.io/v1",
    "podcertificaterequests",
    validate=validate,
    selectable={
        "spec.signerName": lambda found: found.spec.signerName,
        "spec.podName": lambda found: found.spec.podName,
        "spec.nodeName": lambda found: found.spec.nodeName,
    },
    columns=(
        NAME,
        column("PodName", lambda found: found.spec.podName),
        column("ServiceAccountName", lambda found: found.spec.serviceAccountName),
        column("NodeName", lambda found: found.spec.nodeName),
        column("SignerName", lambda found: found.spec.signerName),
        column("State", _state),
        column("UnverifiedUserAnnotations", lambda found: labels_text(found.spec.unverifiedUserAnnotations)),
    ),
    needs_version=True,
)
class PodCertificateRequest(Object):
    spec: PodCertificateRequestSpec = PodCertificateRequestSpec()
    status: PodCertificateRequestStatus = PodCertificateRequestStatus()
