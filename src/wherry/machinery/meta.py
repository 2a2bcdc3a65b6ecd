"""Metadata: what every object carries, and how objects point at and select each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from wherry.machinery.schema import Atomic, Int64, ListMap, ListSet, Merge, Part, Raw, Time, atomic


class Condition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    observedGeneration: Int64 | None = None
    reason: str = ""
    status: str = ""
    type: str = ""


class LabelSelectorRequirement(Part):
    key: str = ""
    operator: str = ""
    values: Annotated[tuple[str, ...], Atomic()] = ()


@atomic
class LabelSelector(Part):
    matchExpressions: Annotated[tuple[LabelSelectorRequirement, ...], Atomic()] = ()
    matchLabels: Mapping[str, str] = {}


class ShardInfo(Part):
    selector: str = ""


class ListMeta(Part, rename={"continue_": "continue"}):
    continue_: str = ""
    remainingItemCount: Int64 | None = None
    resourceVersion: str = ""
    selfLink: str = ""
    shardInfo: ShardInfo | None = None


class ManagedFieldsEntry(Part):
    apiVersion: str = ""
    fieldsType: str = ""
    fieldsV1: Raw | None = None
    manager: str = ""
    operation: str = ""
    subresource: str = ""
    time: Time = ""


@atomic
class OwnerReference(Part):
    apiVersion: str = ""
    blockOwnerDeletion: bool | None = None
    controller: bool | None = None
    kind: str = ""
    name: str = ""
    uid: str = ""


class ObjectMeta(Part):
    annotations: Mapping[str, str] = {}
    creationTimestamp: Time = ""
    deletionGracePeriodSeconds: Int64 | None = None
    deletionTimestamp: Time = ""
    finalizers: Annotated[tuple[str, ...], ListSet(), Merge("merge")] = ()
    generateName: str = ""
    generation: Int64 | None = None
    labels: Mapping[str, str] = {}
    managedFields: Annotated[tuple[ManagedFieldsEntry, ...], Atomic()] = ()
    name: str = ""
    namespace: str = ""
    ownerReferences: Annotated[tuple[OwnerReference, ...], ListMap("uid"), Merge("merge", "uid")] = ()
    resourceVersion: str = ""
    selfLink: str = ""
    uid: str = ""


class Object(Part):
    """A top-level object. `apiVersion` and `kind` belong to the class; `registry.resource` sets them."""

    apiVersion: ClassVar[str] = ""
    kind: ClassVar[str] = ""

    metadata: ObjectMeta = ObjectMeta()
