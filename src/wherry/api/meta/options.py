"""Options: what a client may say about how its request is carried out."""

from __future__ import annotations

from typing import Annotated

from wherry.machinery.schema import Atomic, Int64, Part


class Preconditions(Part):
    resourceVersion: str = ""
    uid: str = ""


class DeleteOptions(Part):
    apiVersion: str = ""
    dryRun: Annotated[tuple[str, ...], Atomic()] = ()
    gracePeriodSeconds: Int64 | None = None
    ignoreStoreReadErrorWithClusterBreakingPotential: bool = False
    kind: str = ""
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
