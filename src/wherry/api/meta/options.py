"""Options: what a client may say about how its request is carried out."""

from __future__ import annotations

from typing import Annotated

from wherry.machinery.schema import Atomic, Int64, OneOf, Part


class Preconditions(Part):
    resourceVersion: str = ""
    uid: str = ""


class DeleteOptions(Part):
    apiVersion: Annotated[
        str,
        OneOf(
            "v1",
            "admission.k8s.io/v1",
            "admission.k8s.io/v1beta1",
            "admissionregistration.k8s.io/v1",
            "admissionregistration.k8s.io/v1alpha1",
            "admissionregistration.k8s.io/v1beta1",
            "apiextensions.k8s.io/v1",
            "apiextensions.k8s.io/v1beta1",
            "apiregistration.k8s.io/v1",
            "apiregistration.k8s.io/v1beta1",
            "apps/v1",
            "apps/v1beta1",
            "apps/v1beta2",
            "authentication.k8s.io/v1",
            "authentication.k8s.io/v1alpha1",
            "authentication.k8s.io/v1beta1",
            "authorization.k8s.io/v1",
            "authorization.k8s.io/v1beta1",
            "autoscaling/v1",
            "autoscaling/v2",
            "batch/v1",
            "batch/v1beta1",
            "certificates.k8s.io/v1",
            "certificates.k8s.io/v1alpha1",
            "certificates.k8s.io/v1beta1",
            "coordination.k8s.io/v1",
            "coordination.k8s.io/v1alpha2",
            "coordination.k8s.io/v1beta1",
            "discovery.k8s.io/v1",
            "discovery.k8s.io/v1beta1",
            "events.k8s.io/v1",
            "events.k8s.io/v1beta1",
            "extensions/v1beta1",
            "flowcontrol.apiserver.k8s.io/v1",
            "flowcontrol.apiserver.k8s.io/v1beta1",
            "flowcontrol.apiserver.k8s.io/v1beta2",
            "flowcontrol.apiserver.k8s.io/v1beta3",
            "imagepolicy.k8s.io/v1alpha1",
            "internal.apiserver.k8s.io/v1alpha1",
            "lifecycle.k8s.io/v1alpha1",
            "networking.k8s.io/v1",
            "networking.k8s.io/v1beta1",
            "node.k8s.io/v1",
            "node.k8s.io/v1alpha1",
            "node.k8s.io/v1beta1",
            "policy/v1",
            "policy/v1beta1",
            "rbac.authorization.k8s.io/v1",
            "rbac.authorization.k8s.io/v1alpha1",
            "rbac.authorization.k8s.io/v1beta1",
            "resource.k8s.io/v1",
            "resource.k8s.io/v1alpha3",
            "resource.k8s.io/v1beta1",
            "resource.k8s.io/v1beta2",
            "scheduling.k8s.io/v1",
            "scheduling.k8s.io/v1alpha3",
            "scheduling.k8s.io/v1beta1",
            "storage.k8s.io/v1",
            "storage.k8s.io/v1alpha1",
            "storage.k8s.io/v1beta1",
            "storagemigration.k8s.io/v1",
            "storagemigration.k8s.io/v1beta1",
        ),
    ] = ""
    dryRun: Annotated[tuple[str, ...], Atomic()] = ()
    gracePeriodSeconds: Int64 | None = None
    ignoreStoreReadErrorWithClusterBreakingPotential: bool = False
    kind: Annotated[str, OneOf("DeleteOptions")] = ""
    orphanDependents: bool | None = None
    preconditions: Preconditions | None = None
    propagationPolicy: str = ""


class FieldSelectorRequirement(Part):
    key: str = ""
    operator: str = ""
    values: Annotated[tuple[str, ...], Atomic()] = ()


class GroupResource(Part):
    group: str = ""
    resource: str = ""
