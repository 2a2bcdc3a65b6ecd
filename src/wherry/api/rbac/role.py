"""Role: rights in one namespace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.rbac.rule import PolicyRule
from wherry.api.rbac.validation import validate_rules
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic


def validate(new: Role, old: Role | None) -> Iterator[FieldError]:
    yield from validate_rules(new.rules, namespaced=True)


@resource("rbac.authorization.k8s.io/v1", "roles", validate=validate, create_on_update=True)
class Role(Object):
    rules: Annotated[tuple[PolicyRule, ...], Atomic()] = ()
