"""RoleBinding: gives a role to subjects in one namespace."""

from __future__ import annotations

from typing import Annotated

from wherry.api.rbac.columns import BINDING
from wherry.api.rbac.rule import RoleRef, Subject
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic


@resource(
    "rbac.authorization.k8s.io/v1",
    "rolebindings",
    columns=BINDING,
    create_on_update=True,
)
class RoleBinding(Object):
    roleRef: RoleRef = RoleRef()
    subjects: Annotated[tuple[Subject, ...], Atomic()] = ()
