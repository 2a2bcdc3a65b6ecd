"""Root CA publisher: gives every namespace the certificate by which Pods trust the API server."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.core.configmap import ConfigMap
from wherry.api.core.namespace import Namespace
from wherry.controllers.contract import (
    Controller,
    Create,
    Key,
    Observed,
    Round,
    Update,
    Watch,
)
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit

NAME = "kube-root-ca.crt"
DESCRIPTION = "kubernetes.io/description"
TEXT = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints "
    "such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
    "distributions of Kubernetes clusters."
)


def namespace_of(configmap: ConfigMap, seen: Observed) -> Iterator[Key]:
    if configmap.metadata.name == NAME:
        yield ("", configmap.metadata.namespace)


def publisher(ca: str) -> Controller:
    """The controller for a cluster with this CA certificate (PEM). Not in the registry: it needs the CA."""

    def reconcile(namespace: Namespace, seen: Observed) -> Round:
        name = namespace.metadata.name
        if namespace.status.phase != "Active" or namespace.metadata.deletionTimestamp:
            return
        present = seen.get(ConfigMap, NAME, name)
        data = {"ca.crt": ca}
        if present is None:
            meta = ObjectMeta(name=NAME, namespace=name, annotations={DESCRIPTION: TEXT})
            yield Create(ConfigMap(metadata=meta, data=data))
        elif present.data != data or not present.metadata.annotations.get(DESCRIPTION):
            annotations = {**present.metadata.annotations, DESCRIPTION: TEXT}
            yield Update(edit(present, data=data, metadata=edit(present.metadata, annotations=annotations)))

    return Controller(
        name="root-ca-certificate-publisher-controller",
        reconcile=reconcile,
        reconciles=Namespace,
        watches=(Watch(ConfigMap, namespace_of),),
        writes={"configmaps": ("create", "update")},
        account="root-ca-cert-publisher",
        source="root-ca-cert-publisher",
    )
