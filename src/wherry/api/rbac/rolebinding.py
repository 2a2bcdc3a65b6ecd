"""RoleBinding: gives a role to subjects in one namespace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.rbac.columns import BINDING
from wherry.api.rbac.rule import RoleRef, Subject
from wherry.api.rbac.validation import validate_binding
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic


def validate(new: RoleBinding, old: RoleBinding | None) -> Iterator[FieldError]:
    yield from validate_binding(new, old, ("Role", "ClusterRole"), namespaced=True)


@resource(
    "rbac.authorization.k8s.io/v1",
    "rolebindings",
    validate=validate,
    columns=BINDING,
    create_on_update=True,
)
class RoleBinding(Object):
    roleRef: RoleRef = RoleRef()
    subjects: Annotated[tuple[Subject, ...], Atomic()] = ()
