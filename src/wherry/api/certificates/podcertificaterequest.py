"""PodCertificateRequest: asks for a certificate on behalf of a Pod."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import Condition, Object
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


@resource("certificates.k8s.io/v1", "podcertificaterequests")
class PodCertificateRequest(Object):
    spec: PodCertificateRequestSpec = PodCertificateRequestSpec()
    status: PodCertificateRequestStatus = PodCertificateRequestStatus()
