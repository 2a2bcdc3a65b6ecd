"""ServiceAccount: an identity for what runs in Pods."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NAME
from wherry.api.core.reference import LocalObjectReference, ObjectReference
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, ListMap, Merge


@resource("v1", "serviceaccounts", columns=(NAME, AGE))
class ServiceAccount(Object):
    automountServiceAccountToken: bool | None = None
    imagePullSecrets: Annotated[tuple[LocalObjectReference, ...], Atomic()] = ()
    secrets: Annotated[tuple[ObjectReference, ...], ListMap("name"), Merge("merge", "name")] = ()
