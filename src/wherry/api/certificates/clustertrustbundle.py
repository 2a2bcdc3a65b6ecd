"""ClusterTrustBundle: root certificates that Pods can mount."""

from __future__ import annotations

from wherry.api.columns import NAME, NONE, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Part


class ClusterTrustBundleSpec(Part):
    signerName: str = ""
    trustBundle: str = ""


@resource(
    "certificates.k8s.io/v1",
    "clustertrustbundles",
    selectable={"spec.signerName": lambda found: found.spec.signerName},
    columns=(NAME, column("SignerName", lambda found: found.spec.signerName or NONE)),
    needs_version=True,
)
class ClusterTrustBundle(Object):
    spec: ClusterTrustBundleSpec = ClusterTrustBundleSpec()
