"""TokenRequest: asks for a token of a ServiceAccount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int64, Part, Time


class BoundObjectReference(Part):
    apiVersion: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""


class TokenRequestSpec(Part):
    attestations: Mapping[str, tuple[str, ...]] = {}
    audiences: Annotated[tuple[str, ...], Atomic()] = ()
    boundObjectRef: BoundObjectReference | None = None
    expirationSeconds: Int64 | None = None


class TokenRequestStatus(Part):
    expirationTimestamp: Time = ""
    token: str = ""


@resource("authentication.k8s.io/v1")
class TokenRequest(Object):
    spec: TokenRequestSpec = TokenRequestSpec()
    status: TokenRequestStatus = TokenRequestStatus()
