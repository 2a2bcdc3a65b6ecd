"""ClusterTrustBundle: root certificates that Pods can mount."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.columns import NAME, NONE, column
from wherry.api.registry import resource
from wherry.api.rules import immutable
from wherry.machinery.errors import FieldError, invalid
from wherry.machinery.meta import Object
from wherry.machinery.schema import Part


class ClusterTrustBundleSpec(Part):
    signerName: str = ""
    trustBundle: str = ""


def validate(new: ClusterTrustBundle, old: ClusterTrustBundle | None) -> Iterator[FieldError]:
    spec, name = new.spec, new.metadata.name
    if spec.signerName:
        prefix = spec.signerName.replace("/", ":") + ":"
        if not name.startswith(prefix):
            detail = f"ClusterTrustBundle for signerName {spec.signerName} must be named with prefix {prefix}"
            yield invalid("metadata.name", name, detail)
    elif ":" in name:
        yield invalid(
            "metadata.name", name, 'ClusterTrustBundle without signer name must not have ":" in its name'
        )
    if "-----BEGIN CERTIFICATE-----" not in spec.trustBundle:
        yield invalid("spec.trustBundle", "<value omitted>", "at least one trust anchor must be provided")
    if old is not None:
        yield from immutable("spec.signerName", spec.signerName, old.spec.signerName)


@resource(
    "certificates.k8s.io/v1",
    "clustertrustbundles",
    validate=validate,
    selectable={"spec.signerName": lambda found: found.spec.signerName},
    columns=(NAME, column("SignerName", lambda found: found.spec.signerName or NONE)),
    needs_version=True,
)
class ClusterTrustBundle(Object):
    spec: ClusterTrustBundleSpec = ClusterTrustBundleSpec()
