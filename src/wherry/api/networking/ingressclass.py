"""IngressClass: which controller serves an Ingress."""

from __future__ import annotations

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Part


class IngressClassParametersReference(Part):
    apiGroup: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    scope: str = "Cluster"


class IngressClassSpec(Part):
    controller: str | None = None
    parameters: IngressClassParametersReference | None = None


@resource("networking.k8s.io/v1", "ingressclasses")
class IngressClass(Object):
    spec: IngressClassSpec = IngressClassSpec()
