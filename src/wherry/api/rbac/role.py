"""Role: rights in one namespace."""

from __future__ import annotations

from typing import Annotated

from wherry.api.rbac.rule import PolicyRule
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic


@resource("rbac.authorization.k8s.io/v1", "roles", create_on_update=True)
class Role(Object):
    rules: Annotated[tuple[PolicyRule, ...], Atomic()] = ()
